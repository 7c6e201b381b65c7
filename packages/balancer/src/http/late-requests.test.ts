import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { describe, it } from "node:test";
import { rawExchange } from "../test-support/raw-exchange.ts";
import { standStill } from "../test-support/standstill.ts";
import { createServer } from "./server.ts";
import { RequestOrder } from "./request-order.ts";

describe("a server that stood still for longer than a head may take", () => {
  it("serves a request that came meanwhile, and answers 408 where none came", async (t) => {
    const limits = {
      maxHeaderBytes: 8192,
      headersTimeoutMs: 100,
      requestTimeoutMs: 60_000,
      keepAliveTimeoutMs: 60_000,
    };
    let onConnection = (): void => {
      client.write("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
      standStill(400);
      onConnection = () => {};
    };
    const handlers = {
      onRequest: (_request: unknown, response: { end(text: string): unknown }) => void response.end("in time"),
      onHead: () => {},
      responseHeaders: () => [],
      onConnection: () => onConnection(),
      onBadRequest: () => {},
    };
    const server = createServer(handlers, new RequestOrder(), limits, undefined);
    t.after(() => server.close().closeAllConnections());
    await once(server.listen(0, "127.0.0.1"), "listening");
    const { port } = server.address() as net.AddressInfo;
    const client = net.connect(port, "127.0.0.1");
    const text = (await client.setEncoding("utf8").toArray()).join("");
    assert.match(text, /^HTTP\/1\.1 200 OK\r\n[^]*in time$/);
    assert.match(await rawExchange(port, "GET / HTTP/1.1\r\nHost"), /^HTTP\/1\.1 408 /);
  });
});
