import assert from "node:assert/strict";
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import net from "node:net";
import { describe, it, type TestContext } from "node:test";
import { setImmediate } from "node:timers/promises";
import { runBalancer } from "../test-support/run-balancer.ts";
import { httpUpstream } from "../test-support/upstream-server.ts";

/** A balancer before a server whose responses are in the test's hands, and a client of it. */
async function run(t: TestContext) {
  const asked: ServerResponse[] = [];
  const upstream = await httpUpstream((_request: IncomingMessage, response) => void asked.push(response));
  const { balancer, port } = await runBalancer({
    settings: (settings) => ({ ...settings, balancer: { ...settings.balancer, upstreams: [upstream.origin] } }),
  });
  const client = net.connect(port, "127.0.0.1").setEncoding("latin1");
  let seen = "";
  client.on("data", (text: string) => (seen += text));
  t.after(async () => {
    client.destroy();
    for (const response of asked) response.destroy();
    await balancer.close({ drainTimeoutMs: 0 });
    await upstream.close();
  });
  return {
    client,
    /** Resolves once the client has seen the text. */
    seen: async (text: string): Promise<string> => {
      while (!seen.includes(text)) await once(client, "data");
      return seen;
    },
    /** The response to a request, once the server has it. */
    response: async (): Promise<ServerResponse> => {
      while (asked[0] === undefined) await setImmediate();
      return asked[0];
    },
    text: () => seen,
  };
}

const get = "GET /1 HTTP/1.1\r\nHost: a\r\n\r\n";

describe("what cannot be read behind a request that is still served", () => {
  for (const [what, bytes] of [
    ["no request", "BAD\r\n\r\n"],
    ["a second length", "POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"],
    ["a request without a Host", "GET /2 HTTP/1.1\r\n\r\n"],
  ] as const) {
    it(`is refused behind its response: ${what}`, async (t) => {
      const { client, seen, response, text } = await run(t);
      client.write(get + bytes);
      const first = await response();
      first.write("begun ");
      await seen("begun ");
      first.end("complete");
      await once(client, "close");
      assert.match(text(), /^HTTP\/1\.1 200 [^]*begun [^]*complete[^]*HTTP\/1\.1 400 [^]*"code":"bad_request"/);
    });
  }
});
