import assert from "node:assert/strict";
import { once } from "node:events";
import type http from "node:http";
import net from "node:net";
import { describe, it, type TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import { RequestOrder } from "../request-order.ts";
import { createServer } from "../server.ts";

const LIMITS = {
  maxHeaderBytes: 16_384,
  headersTimeoutMs: 60_000,
  requestTimeoutMs: 60_000,
  keepAliveTimeoutMs: 60_000,
};

/** A server with what it has read of a client, and the client. */
async function run(t: TestContext, onRequest: (request: http.IncomingMessage, response: http.ServerResponse) => void) {
  const seen = { heads: 0 };
  const server = createServer(
    {
      onRequest,
      onConnection: () => {},
      onHead: () => void (seen.heads += 1),
      onBadRequest: (reason) => assert.fail(reason),
      responseHeaders: () => [],
    },
    new RequestOrder(),
    LIMITS,
    undefined,
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = net.connect((server.address() as net.AddressInfo).port, "127.0.0.1").setEncoding("latin1");
  t.after(() => {
    client.destroy();
    server.close();
  });
  return { seen, client };
}

describe("what a client sends in dense packets", () => {
  it("is read no further than some requests that wait, and served whole and in order", async (t) => {
    const count = 2000;
    const first: (() => void)[] = [];
    const { seen, client } = await run(t, ({ url }, response) => {
      if (url === "/0") first.push(() => response.end("0;"));
      else response.end(`${url?.slice(1)};`);
    });
    client.write(Array.from({ length: count }, (_, index) => `GET /${index} HTTP/1.1\r\nHost: a\r\n\r\n`).join(""));
    while (first.length === 0) await setImmediate();
    for (let turn = 0; turn < 100; turn++) await setImmediate();
    assert.ok(seen.heads < 50, `${seen.heads} requests were read`);

    first[0]?.();
    let text = "";
    for await (const part of client) {
      text += part;
      if (text.endsWith(`${count - 1};`)) break;
    }
    const served = [...text.matchAll(/(\d+);/g)].map(([, index]) => Number(index));
    assert.deepEqual(
      served,
      Array.from({ length: count }, (_, index) => index),
    );
  });

  it("is one part of a body where it came as thousands", async (t) => {
    const bytes = Array.from({ length: 10_000 }, (_, index) => String.fromCharCode(97 + (index % 26)));
    const parts: Buffer[] = [];
    const { client } = await run(t, (request, response) => {
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => response.end("read"));
    });
    client.write(
      `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${bytes.map((byte) => `1\r\n${byte}\r\n`).join("")}0\r\n\r\n`,
    );
    await once(client, "data");
    assert.equal(Buffer.concat(parts).toString(), bytes.join(""));
    assert.ok(parts.length < 1000, `${parts.length} parts`);
  });
});
