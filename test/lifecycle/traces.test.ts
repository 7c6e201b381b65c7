import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { after, before, describe, it } from "node:test";
import { DROVER_BIN, Pasture } from "../support/drover-process.ts";
import { startTinyDrover } from "../support/tiny-drover.ts";
import { attributeOf, TraceCollector } from "../support/servers/trace-collector.ts";
import { until } from "../support/until.ts";

const TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT = "00f067aa0ba902b7";
const TRACEPARENT = { traceparent: `00-${TRACE}-${PARENT}-01` };

describe("traces", () => {
  const pasture = new Pasture();
  const collector = new TraceCollector();
  /** What an upstream that is not Drover's own was sent. */
  const seen: (string | undefined)[] = [];
  let collectorUrl: string;
  let upstream: Server;
  before(async () => {
    collectorUrl = await collector.listen();
    upstream = createServer((request, response) => {
      seen.push(request.headers["traceparent"] as string | undefined);
      response.end("ok");
    });
    await once(upstream.listen(0, "127.0.0.1"), "listening");
  });
  after(async () => {
    await pasture.close();
    collector.close();
    upstream.close().closeAllConnections();
  });

  it("of a request go to the collector of --otlp, below the client's own, with its tokens and each part of its way", async () => {
    const flags = ["--workers", "1", "--slots", "2", "--ctx", "256", "--otlp", collectorUrl];
    const { drover, url } = await startTinyDrover(pasture, flags);
    const response = await fetch(`${url}/v1/completions`, {
      method: "POST",
      headers: { ...TRACEPARENT, "content-type": "application/json" },
      body: JSON.stringify({ prompt: "count the sheep", max_tokens: 8, ignore_eos: true }),
    });
    assert.equal(response.status, 200);
    await response.text();
    await (await fetch(`${url}/v1/models`)).text();
    const { code } = await drover.end();
    // What was not sent yet is sent at the end.
    assert.equal(code, 0);
    assert.deepEqual([...collector.paths], ["POST /v1/traces"]);
    const { spans } = collector;
    const root = spans.find(({ name }) => name === "text_completion tiny") ?? assert.fail(JSON.stringify(spans));
    assert.deepEqual([root.traceId, root.parentSpanId], [TRACE, PARENT]);
    assert.equal(attributeOf(root, "gen_ai.usage.output_tokens"), 8);
    assert.equal(attributeOf(root, "http.route"), "/v1/completions");
    const look = spans.find(({ name }) => name === "GET /v1/models") ?? assert.fail(JSON.stringify(spans));
    assert.equal(attributeOf(look, "gen_ai.operation.name"), undefined, "the model was asked for nothing");
    const parts = collector.below(root);
    assert.deepEqual(new Set(parts.map(({ name }) => name)), new Set(["queue", "route", "prefill", "decode"]));
    for (const part of parts) {
      assert.equal(part.traceId, TRACE);
      assert.ok(BigInt(part.startTimeUnixNano) <= BigInt(part.endTimeUnixNano), part.name);
    }
    const prefill = parts.find(({ name }) => name === "prefill");
    assert.equal(prefill && attributeOf(prefill, "drover.prompt.source"), "nothing");
  });

  it("name the request's own span to upstreams, and without --otlp the client's", async () => {
    for (const [flags, isOwn] of [
      [["--otlp", collectorUrl], true],
      [[], false],
    ] as const) {
      const words = ["balance", "--listen", "127.0.0.1:0", "--upstream", addressOf(upstream), ...flags];
      const { url, end } = await startBalance(pasture, words);
      await (await fetch(`${url}/anything`, { headers: TRACEPARENT })).text();
      await end();
      const sent = seen.at(-1) ?? "";
      assert.match(sent, new RegExp(`^00-${TRACE}-[0-9a-f]{16}-01$`));
      assert.equal(sent.includes(PARENT), !isOwn);
      if (isOwn) await until(() => collector.spans.some(({ spanId }) => sent.includes(spanId)), "the span was sent");
    }
  });
});

function addressOf(server: Server): string {
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A running `drover balance`. */
async function startBalance(pasture: Pasture, words: readonly string[]) {
  const child = spawn(process.execPath, [DROVER_BIN, ...words], {
    cwd: pasture.folder,
    env: { ...process.env, XDG_RUNTIME_DIR: pasture.folder, PASTURE_OF_TEST: pasture.folder },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  child.stdout.on("data", (bytes: Buffer) => (printed += bytes.toString()));
  await until(() => /"port":\d+.*\n/.test(printed), "it listens");
  const end = async () => {
    child.kill("SIGTERM");
    await once(child, "exit");
  };
  return { url: `http://127.0.0.1:${/"port":(\d+)/.exec(printed)?.[1]}`, end };
}
