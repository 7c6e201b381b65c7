import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { describe, it } from "node:test";
import type { UpstreamConnection } from "./connection.ts";
import { sendRequest } from "./send-request.ts";
import type { Address } from "./target.ts";

describe("the Host that an upstream is sent", () => {
  for (const [host, address] of [
    ["client.test", { kind: "tcp", host: "up.test", port: 80, tls: false }],
    ["up.test", { kind: "tcp", host: "up.test", port: 443, tls: true }],
    ["up.test:8443", { kind: "tcp", host: "up.test", port: 8443, tls: true }],
    ["[::1]", { kind: "tcp", host: "::1", port: 443, tls: true }],
  ] as const satisfies readonly (readonly [string, Address])[]) {
    it(`is ${host} for ${address.tls ? "https" : "http"} on port ${address.port} of ${address.host}`, () => {
      const socket = new PassThrough();
      const upstream = { address, owned: false, secret: undefined };
      const headers = ["Accept", "host", "Host", "client.test"];
      const outgoing = { method: "GET", target: "/", headers, body: { kind: "none" as const } };
      const connection = { socket, upstream } as unknown as UpstreamConnection;
      sendRequest(outgoing, connection, { keepAlive: true, sentBytes: 0 });
      assert.equal(String(socket.read()), `GET / HTTP/1.1\r\nAccept: host\r\nHost: ${host}\r\n\r\n`);
    });
  }
});
