import assert from "node:assert/strict";
import net from "node:net";
import { after, before, describe, it } from "node:test";
import { setImmediate } from "node:timers/promises";
import { systemClock } from "@drover/foundation/clock";
import { rawExchange } from "../test-support/raw-exchange.ts";
import { type RunningTestBalancer, runBalancer } from "../test-support/run-balancer.ts";
import { httpUpstream, type TestUpstream } from "../test-support/upstream-server.ts";

const SLOW_MS = 200;
/** From Node 26 on a connection ends behind such a request, unless its body came with its head. */
const endsBehindPieces = Number(process.versions.node.split(".", 1)[0]) >= 26;
const offer = "Host: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n";
const last = "GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
const body = "GET /in-the-body HTTP/1.1\r\n\r\n";

/** A request that offers another protocol and has a body, as Java's HttpClient and `curl --http2` send them. */
function counted(text: string): string {
  return `POST /1 HTTP/1.1\r\n${offer}Content-Length: ${text.length}\r\n\r\n${text}`;
}

function chunked(text: string): string {
  const chunk = text === "" ? "" : `${text.length.toString(16)}\r\n${text}\r\n`;
  return `POST /1 HTTP/1.1\r\n${offer}Transfer-Encoding: chunked\r\n\r\n${chunk}0\r\n\r\n`;
}

/** What the upstream says that it was asked. */
function served(responses: string): readonly string[] {
  return responses.match(/\{[A-Z]+ [^]*?\}/g) ?? [];
}

describe("a request with a body that offers another protocol", () => {
  let upstream: TestUpstream;
  let running: RunningTestBalancer;

  before(async () => {
    upstream = await httpUpstream((request, response) => {
      let text = "";
      request.setEncoding("latin1").on("data", (part: string) => (text += part));
      request.on("end", () => {
        const seen = text.length > 1000 ? String(text.length) : text;
        systemClock.after(request.url === "/slow" ? SLOW_MS : 0, () =>
          response.end(`{${request.method} ${request.url} ${seen}}`),
        );
      });
    });
    running = await runBalancer({
      settings: (settings) => ({ ...settings, balancer: { ...settings.balancer, upstreams: [upstream.origin] } }),
    });
  });
  after(async () => {
    await running.balancer.close({ drainTimeoutMs: 0 });
    await upstream.close();
  });

  for (const [framing, request, seen] of [
    ["a length", counted(body), body],
    ["chunks", chunked(body), body],
    ["chunks, and is empty", chunked(""), ""],
  ] as const) {
    it(`keeps it where it has ${framing}, and so does what follows in the same packet`, async () => {
      assert.deepEqual(served(await rawExchange(running.port, request + last)), [`{POST /1 ${seen}}`, "{GET /last }"]);
    });

    it(`keeps it where it has ${framing} and comes byte by byte`, async () => {
      const client = net.connect(running.port, "127.0.0.1").setEncoding("latin1").setNoDelay();
      for (const byte of request) {
        client.write(byte, "latin1");
        await setImmediate();
      }
      if (!endsBehindPieces) client.write(last);
      const responses = (await client.toArray()).join("");
      assert.deepEqual(served(responses), [`{POST /1 ${seen}}`, ...(endsBehindPieces ? [] : ["{GET /last }"])]);
    });
  }

  it("is read on where more than is held came while an earlier one was served", async () => {
    const first = "GET /slow HTTP/1.1\r\nHost: a\r\n\r\n";
    const long = "x".repeat(300_000);
    const responses = served(await rawExchange(running.port, first + counted(body) + counted(long) + last));
    const expected = ["{GET /slow }", `{POST /1 ${body}}`, "{POST /1 300000}", "{GET /last }"];
    assert.deepEqual(responses, expected.slice(0, endsBehindPieces ? 3 : 4));
  });
});
