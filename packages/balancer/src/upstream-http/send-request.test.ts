import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, connect, type Server, type Socket } from "node:net";
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

describe("a request on a connection that the upstream has reset", () => {
  it("has not left, so that a POST too may be sent again", async (t) => {
    const accepted: Socket[] = [];
    const server: Server = createServer((socket) => accepted.push(socket.on("error", () => {})));
    await once(server.listen(0, "127.0.0.1"), "listening");
    t.after(() => server.close());
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    for (const isReset of [false, true]) {
      const socket = connect(port, "127.0.0.1").on("error", () => {});
      await Promise.all([once(socket, "connect"), once(server, "connection")]);
      // The kernel knows of it at once, this process only after it has read.
      if (isReset) accepted.at(-1)?.resetAndDestroy();
      const upstream = {
        address: { kind: "tcp", host: "127.0.0.1", port, tls: false },
        owned: false,
        secret: undefined,
      };
      const body = { kind: "bytes", bytes: Buffer.from("{}") } as const;
      const outgoing = { method: "POST", target: "/", headers: [], body };
      const connection = { socket, upstream } as unknown as UpstreamConnection;
      assert.equal(sendRequest(outgoing, connection, { keepAlive: true, sentBytes: 0 }).hasLeft, !isReset);
      socket.destroy();
      accepted.at(-1)?.destroy();
    }
  });
});
