import assert from "node:assert/strict";
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import { CALL_HEADER } from "@drover/contract/headers";
import { PROTOCOL_VERSION, type SupervisorMessage, type WorkerMessage } from "@drover/contract/ipc";
import { type WorkerOptions, workerArguments } from "@drover/contract/worker-options";
import { sum } from "@drover/foundation/sums";
import { writeSyntheticModel } from "@drover/models";

const MAIN = fileURLToPath(import.meta.resolve("@drover/worker/main"));

type Message<T extends WorkerMessage["type"]> = Extract<WorkerMessage, { readonly type: T }>;

interface Talk {
  readonly seen: readonly WorkerMessage[];
  say(message: SupervisorMessage): void;
  /** The first message of the type that fits, as soon as it is there. */
  hear<T extends WorkerMessage["type"]>(type: T, fits?: (message: Message<T>) => boolean): Promise<Message<T>>;
  readonly ended: Promise<readonly [code: number | null, signal: string | null]>;
}

function talkTo(t: TestContext, words: readonly string[]): Talk {
  const child: ChildProcess = fork(MAIN, [...words], { stdio: ["ignore", "ignore", "ignore", "ipc"] });
  t.after(() => child.kill("SIGKILL"));
  const seen: WorkerMessage[] = [];
  child.on("message", (message: WorkerMessage) => seen.push(message));
  // Messages may be read after the end of the process that sent them.
  const over = Promise.all([once(child, "exit"), once(child, "disconnect")]);
  return {
    seen,
    say: (message) => void child.send(message),
    ended: over.then(([end]) => end as [number | null, string | null]),
    async hear(type, fits = () => true) {
      for (;;) {
        const found = seen.find((message) => message.type === type && fits(message as never));
        if (found !== undefined) return found as never;
        const gone = await Promise.race([once(child, "message").then(() => false), over.then(() => true)]);
        if (gone) throw new Error(`it ended without ${type}: ${JSON.stringify(seen)}`);
      }
    },
  };
}

describe("what a worker and its supervisor say to each other", { timeout: 120_000 }, () => {
  let folder: string;
  let options: WorkerOptions;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), "drover-ipc-"));
    const modelPath = join(folder, "tiny.gguf");
    await writeSyntheticModel("tiny", modelPath, "q8_0");
    options = { modelPath, port: 0, threads: 1, slots: 2, contextTokens: 256, stepCosts: "off" };
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("loading, then ready with what it serves, heartbeats that count steps, and the end at once by shutdown, whatever runs", async (t) => {
    const worker = talkTo(t, workerArguments(options));
    const ready = await worker.hear("ready");
    assert.ok(ready.port > 0);
    const { port: _, ...rest } = ready;
    assert.deepEqual(rest, {
      type: "ready",
      protocol: PROTOCOL_VERSION,
      model: "tiny",
      slots: 2,
    });
    const progress = worker.seen.flatMap((message) => (message.type === "loading" ? [message.progress] : []));
    assert.equal(progress.at(-1), 1);
    assert.deepEqual(
      progress,
      progress.toSorted((a, b) => a - b),
    );
    const idle = await worker.hear("heartbeat", ({ active, busySlots }) => active === 0 && busySlots === 0);
    const body = JSON.stringify({ prompt: "a", max_tokens: 200, ignore_eos: true });
    const url = `http://127.0.0.1:${ready.port}/v1/completions`;
    // Many for two slots, so that a heartbeat is sure to find some running and some waiting.
    const asked = Array.from({ length: 200 }, () => fetch(url, { method: "POST", body }).catch(() => undefined));
    await worker.hear(
      "heartbeat",
      ({ steps, active, busySlots }) => steps > idle.steps && active > busySlots && busySlots === 2,
    );
    worker.say({ type: "shutdown" });
    assert.deepEqual(await worker.ended, [0, null]);
    await Promise.all(asked);
  });

  it("figures with each heartbeat, and of each request that the balancer has named how it went, in order", async (t) => {
    const worker = talkTo(t, workerArguments(options));
    const { port } = await worker.hear("ready");
    const url = `http://127.0.0.1:${port}/v1/completions`;
    const ask = (call: string, more: object) =>
      fetch(url, {
        method: "POST",
        headers: { [CALL_HEADER]: call },
        body: JSON.stringify({ prompt: "a text of some length, read once", ignore_eos: true, ...more }),
      }).then((response) => response.text());
    await ask("whole", { max_tokens: 8 });
    await ask("stream", { max_tokens: 8, stream: true });
    const reports = [];
    for (const call of ["whole", "stream"])
      reports.push((await worker.hear("request-ended", ({ report }) => report.call === call)).report);
    const [whole, stream] = reports;
    assert.deepEqual([whole?.model, whole?.finish, whole?.tokens.completion], ["tiny", "length", 8]);
    const [first] = whole?.generations ?? [];
    assert.deepEqual([first?.source, first?.cachedTokens, first?.steps], ["nothing", 0, { 1: 7 }]);
    assert.equal(sum(first?.pieces ?? []), whole?.tokens.prompt);
    const { asked = 0, began = 0, firstToken = 0, lastToken = 0 } = first?.ago ?? {};
    assert.ok(asked >= began && began >= firstToken && firstToken >= lastToken && lastToken >= 0);
    // The same prompt again: all but its last token is known.
    assert.equal(stream?.generations[0]?.source, "slot");
    assert.equal(stream?.tokens.cached, (stream?.tokens.prompt ?? 0) - 1);
    const { figures = {} } = await worker.hear(
      "heartbeat",
      ({ figures }) => (figures?.tokens?.["completion"] ?? 0) >= 17,
    );
    assert.deepEqual(figures.tokens?.["cached"], stream?.tokens.cached);
    assert.deepEqual(figures.prompts, { slot: 1, copy: 0, snapshot: 0, nothing: 2 });
    assert.deepEqual([figures.slots, figures.kvCapacity, figures.running], [{ "": 2 }, { "": 512 }, { "": 0 }]);
  });

  it("failed, with a code and a reason, where it cannot serve", async (t) => {
    const worker = talkTo(t, workerArguments({ ...options, modelPath: join(folder, "none.gguf") }));
    const failed = await worker.hear("failed");
    assert.equal(failed.code, "model_unloadable");
    assert.match(failed.message, /none\.gguf/);
    assert.deepEqual(await worker.ended, [1, null]);
  });

  it("a supervisor of another version is refused before anything is loaded, with what to do", async (t) => {
    const worker = talkTo(t, [JSON.stringify({ ...options, protocol: PROTOCOL_VERSION - 1 })]);
    const failed = await worker.hear("failed");
    assert.equal(failed.code, "protocol_mismatch");
    assert.match(
      failed.message,
      new RegExp(`version ${PROTOCOL_VERSION} .* version ${PROTOCOL_VERSION - 1}: .*stop it and start it again`),
    );
    assert.ok(!worker.seen.some(({ type }) => type === "loading"));
  });

  it("leased CPUs: it asks for them, confirms each order, and computes on none that it was not given", async (t) => {
    const worker = talkTo(t, workerArguments({ ...options, leases: { counts: [1] }, stepCosts: "measure" }));
    await worker.hear("cpus-needed", ({ need }) => need === "all");
    assert.ok(!worker.seen.some(({ type }) => type === "ready" || type === "step-costs"));
    worker.say({ type: "lease", cpus: [0], epoch: 1 });
    await worker.hear("leased", ({ epoch }) => epoch === 1);
    const costs = await worker.hear("step-costs");
    assert.equal(costs.threads, 1);
    assert.ok(costs.points.length > 0 && costs.points.every(({ tokens, ms }) => tokens > 0 && ms > 0));
    await worker.hear("ready");
    await worker.hear("cpus-needed", ({ need }) => need === "none");
    worker.say({ type: "lease", cpus: [], epoch: 2 });
    await worker.hear("leased", ({ epoch }) => epoch === 2);
  });

  it("texts to embed: they wait for CPUs, count as steps, and are decoded in short pieces while responses want to compute", async (t) => {
    const shape = { embeddings: true, contextTokens: 1024, leases: { counts: [1] } };
    const worker = talkTo(t, workerArguments({ ...options, ...shape }));
    const { lease, isNew } = orders(worker);
    await lease([0]);
    const { port } = await worker.hear("ready");
    const post = (path: string, body: object) =>
      fetch(`http://127.0.0.1:${port}${path}`, { method: "POST", body: JSON.stringify(body) });
    const embed = async () => assert.equal((await post("/v1/embeddings", { input: TEXT })).status, 200);
    /** Decodes of texts are those that the batch loop knows nothing of. The second heartbeat from now was sent after whatever has ended by now. */
    const decodes = async () => {
      const isLater = isNew();
      const first = await worker.hear("heartbeat", isLater);
      const { steps, figures } = await worker.hear("heartbeat", (beat) => beat !== first && isLater(beat));
      return steps - sum(Object.values(figures?.steps ?? {}));
    };
    await worker.hear("cpus-needed", ({ need }) => need === "none");
    await lease([]);
    const before = await decodes();
    const isAsked = isNew();
    const alone = embed();
    await worker.hear("cpus-needed", (message) => isAsked(message) && message.need === "share");
    assert.equal(await decodes(), before, "it has no CPU");
    await lease([0]);
    await alone;
    assert.equal((await decodes()) - before, 1, "one decode for all of the text");
    // Many for two slots, so that some are sure to run yet.
    const streams = Array.from({ length: 200 }, () =>
      post("/v1/completions", { prompt: "a", max_tokens: 400, ignore_eos: true }).catch(() => undefined),
    );
    await worker.hear("heartbeat", ({ active }) => active > 2);
    await embed();
    const shared = (await decodes()) - before - 1;
    assert.ok(shared > 3, `${shared} for the same text`);
    worker.say({ type: "shutdown" });
    await Promise.all(streams);
  });
});

/** Fits one piece while nobody else computes. */
const TEXT = Array.from({ length: 400 }, () => 5);

function orders(worker: Talk) {
  let epoch = 0;
  return {
    /** The worker has these CPUs, and no others. */
    lease: async (cpus: readonly number[]): Promise<void> => {
      const own = ++epoch;
      worker.say({ type: "lease", cpus, epoch: own });
      await worker.hear("leased", (message) => message.epoch === own);
    },
    /** Whether a message came after now. */
    isNew: () => {
      const known = worker.seen.length;
      return (message: WorkerMessage) => worker.seen.indexOf(message) >= known;
    },
  };
}
