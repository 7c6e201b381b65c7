import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import type { RequestRecord } from "@drover/contract/request-record";
import { sum } from "@drover/foundation/sums";
import { writeDemoModel } from "@drover/models";
import { type Drover, Pasture } from "../support/drover-process.ts";
import { needsSharedMemory } from "../support/needs.ts";
import { signalIfThere } from "../support/processes.ts";
import { attributeOf, type Span, TraceCollector } from "../support/servers/trace-collector.ts";
import { until } from "../support/until.ts";

const ADMIN_KEY = "only-for-the-shepherd";
const PROMPT = "count the cattle at the northern gate before the evening comes";
const ANSWER = Array.from({ length: 1600 }, (_, index) => `cow${index}`).join(" ");

describe("what drover explain tells of a request", needsSharedMemory(16 * 2 ** 20), () => {
  const pasture = new Pasture();
  const collector = new TraceCollector();
  let drover: Drover;
  let url: string;
  before(async () => {
    const model = join(pasture.folder, "long.gguf");
    await writeDemoModel(model, { thought: "\nCounting.\n", answer: `\n\n${ANSWER}` });
    const shape = ["--workers", "2", "--threads", "1", "--slots", "2", "--ctx", "4096", "--snapshots", "4MiB"];
    const seen = ["--access-log", "json", "--admin-key", ADMIN_KEY, "--otlp", await collector.listen()];
    const environment = { DROVER_SUPERVISION_MAX_RESTARTS: "1000", DROVER_SUPERVISION_BACKOFF_LIMIT: "1s" };
    drover = pasture.up(["--model", model, ...shape, ...seen], environment);
    url = await drover.url();
    await drover.workers((rows) => rows.every(({ state }) => state === "ready"));
  });
  after(async () => {
    await pasture.close();
    collector.close();
  });

  const chat = (id: string, more: object) =>
    fetch(`${url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-request-id": id },
      body: JSON.stringify({ messages: [{ role: "user", content: PROMPT }], temperature: 0, ...more }),
    });

  const get = (path: string, headers: Record<string, string> = {}) => fetch(`${url}${path}`, { headers });

  /** A record is there as soon as its worker has told of it, which its line in the log shows. */
  const explained = async (id: string): Promise<RequestRecord> => {
    await drover.entry((entry) => entry["id"] === id && entry.msg === "request");
    return await pasture.admin<RequestRecord>("GET", `/explain?id=${id}`);
  };

  it("who could take it, why which one did, what was known of its prompt, and the steps that it ran in", async () => {
    await (await chat("first", { max_tokens: 20, stream: true })).text();
    await (await chat("second", { max_tokens: 20 })).text();
    const [first, second] = [await explained("first"), await explained("second")];
    const [pick] = first.picks;
    const candidates = (pick?.candidates ?? []).toSorted((a, b) => a.upstream.localeCompare(b.upstream));
    assert.deepEqual(
      candidates.map(({ upstream, state, active, slots }) => [upstream, state, active, slots]),
      [
        ["1", "free", 0, 2],
        ["2", "free", 0, 2],
      ],
    );
    const [generation] = first.generations;
    assert.equal(generation?.source, "nothing");
    assert.equal(sum(generation?.pieces ?? []), first.tokens?.prompt);
    assert.equal(sum(Object.values(generation?.steps ?? {})), 19);
    assert.deepEqual([first.mode, first.finish, first.tokens?.completion], ["stream", "length", 20]);
    const { beganMs, firstTokenMs = 0, lastTokenMs = 0 } = generation ?? assert.fail("no generation");
    assert.ok(beganMs <= firstTokenMs && firstTokenMs <= lastTokenMs && lastTokenMs <= first.durationMs + 0.1);
    assert.equal(first.firstTokenMs, firstTokenMs);
    // The same prompt goes where it was read.
    assert.equal(second.upstream, first.upstream);
    assert.match(second.picks[0]?.why ?? "", /holds the longest beginning/);
    assert.ok((second.tokens?.cached ?? 0) > 0);
    assert.notEqual(second.generations[0]?.source, "nothing");
    const entry = drover.entries.find(({ id }) => id === "second");
    assert.deepEqual(
      ["model", "completionTokens", "cachedTokens", "worker", "tries", "finish"].map((field) => entry?.[field]),
      ["long", 20, second.tokens?.cached, second.upstream, 1, "length"],
    );
    assert.ok(Number(entry?.["ttftMs"]) > 0);
  });

  it("the worker that died, and the one that resumed it, which has a span of its own in the trace", async () => {
    for (let tries = 0; ; tries += 1) {
      const id = `broken-${tries}`;
      const response = await chat(id, { max_tokens: 1500, stream: true, ignore_eos: true });
      const row = (await pasture.status()).find((one) => one.id === response.headers.get("x-drover-worker"));
      if (typeof row?.pid === "number") signalIfThere(row.pid, "SIGKILL");
      await response.text();
      const { attempts, tokens, firstTokenMs = 0, tokenMs } = await explained(id);
      await drover.workers((rows) => rows.every(({ state }) => state === "ready"));
      // Where it was over before the killing, or had not begun, another one is tried.
      if (attempts[1]?.resumed !== true && tries < 30) continue;
      assert.deepEqual(
        attempts.map(({ resumed }) => resumed),
        [false, true],
      );
      assert.notEqual(attempts[0]?.error, undefined);
      assert.equal(tokens?.completion, 1500);
      // The first worker's, which is gone and could not tell of it.
      assert.ok(firstTokenMs > 0 && firstTokenMs <= (attempts[1]?.atMs ?? 0), `${firstTokenMs} ms`);
      assert.ok(tokenMs !== undefined && tokenMs > 0, `${tokenMs} ms`);
      const entry = drover.entries.find((one) => one["id"] === id && one.msg === "request");
      assert.equal(entry?.["ttftMs"], firstTokenMs);
      const isRoot = (span: Span) => attributeOf(span, "drover.request.id") === id;
      await until(() => collector.spans.some(isRoot), "its trace was sent");
      const parts = collector.spans.filter(isRoot).flatMap((root) => collector.below(root));
      const workers = ["route", "resume"].map((name) =>
        parts.filter((part) => part.name === name).map((part) => attributeOf(part, "drover.worker")),
      );
      assert.deepEqual(workers, [[attempts[0]?.upstream], [attempts[1]?.upstream]]);
      return;
    }
  });

  it("only to who has the admin key, in words too, and nothing of its text", async () => {
    const admin = { "x-drover-admin-key": ADMIN_KEY };
    assert.equal((await get("/explain/first")).status, 403);
    assert.equal((await get("/explain", { "x-drover-admin-key": "another" })).status, 403);
    assert.equal((await get("/explain/unknown", admin)).status, 404);
    const text = await (await get("/explain/first", admin)).text();
    assert.doesNotMatch(text, /cattle|cow1/);
    const { lines } = JSON.parse(text) as { lines: readonly string[] };
    assert.ok(
      lines.some((line) => line.startsWith("given to ")),
      text,
    );
    const inChinese = await (await get("/explain/first", { ...admin, "accept-language": "zh-CN,en;q=0.8" })).text();
    const { lines: chinese } = JSON.parse(inChinese) as { lines: readonly string[] };
    assert.equal(chinese.length, lines.length);
    assert.match(chinese.join("\n"), /策略分给/);
    assert.doesNotMatch(chinese.slice(1).join("\n"), / (of|at|by|the|after) |undefined/);
    const list = (await (await get("/explain", admin)).json()) as readonly { id: string }[];
    assert.ok(list.some(({ id }) => id === "second"));
    const told = await pasture.run(["explain", "first"]);
    assert.deepEqual([told.code, told.stdout], [0, `${lines.join("\n")}\n`]);
    assert.match((await pasture.run(["explain"])).stdout, /second POST \/v1\/chat\/completions 200/);
    const unknown = await pasture.run(["explain", "unknown"]);
    assert.deepEqual([unknown.code, unknown.stdout], [1, ""]);
    assert.match(unknown.stderr, /no request "unknown" is among the last/);
  });
});
