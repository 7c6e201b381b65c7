import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type BenchOptions, runBench } from "@drover/bench";
import type { FakeScript } from "../fake-worker/script.ts";
import { startFakeWorker } from "../fake-worker/start-fake-worker.ts";

const QUICK = { preset: "code", users: [2], warmupMs: 0, durationMs: 400, thinkMs: 0, timeoutMs: 5000 };

/** Healthy for the trial request, then as scripted. */
async function bench(script: Partial<FakeScript>, options: Partial<BenchOptions> = {}) {
  const worker = await startFakeWorker({ tokens: 3 });
  try {
    const onTarget = () => void worker.change(script);
    return await runBench({ ...QUICK, url: worker.url, onTarget, ...options });
  } finally {
    await worker.stop();
  }
}

describe("bench against a real port", () => {
  it("counts whole answers with the server's own token counts", async () => {
    const report = await bench({ tokens: 5 });
    const { counts } = report.steps[0] ?? assert.fail("there is a step");
    assert.ok(counts.ok > 0);
    assert.equal(counts.failed, 0);
    assert.equal(counts.tokensAreChunks, false);
    assert.ok(counts.tokensOutPerSecond > counts.requestsPerSecond);
    assert.equal(report.target.model, "fake");
  });

  it("names each kind of bad answer, and calls none of them a success", async () => {
    const kinds = [
      ["status", "http-503"],
      ["empty", "empty-answer"],
      ["no-done", "no-finish-reason"],
      ["broken", "reset"],
      ["error-event", "error-event"],
      ["reset", "reset"],
      ["garbage", "not-http"],
    ] as const;
    for (const [answer, reason] of kinds) {
      const report = await bench({ answer, status: 503, tokens: 4 });
      const { counts } = report.steps[0] ?? assert.fail("there is a step");
      // A healthy answer may have slipped in before the change took effect.
      assert.ok((counts.reasons[reason] ?? 0) > 0, `${answer}: ${JSON.stringify(counts.reasons)}`);
      assert.deepEqual(Object.keys(counts.reasons), [reason]);
    }
  });

  it("counts a target that dies as refused, and one that never answers as unfinished or timed out", async () => {
    const dead = await bench({ crashAfterRequests: 4 }, { durationMs: 1500 });
    assert.ok((dead.steps[0]?.counts.reasons.refused ?? 0) > 0);
    const silent = await bench({ answer: "never" }, { timeoutMs: 150, durationMs: 1000 });
    assert.ok((silent.steps[0]?.counts.reasons.timeout ?? 0) > 0);
  });

  it("keeps what there is when it is interrupted, and says so", async () => {
    const stop = new AbortController();
    const worker = await startFakeWorker({ tokens: 2 });
    try {
      const report = await runBench({
        ...QUICK,
        url: worker.url,
        users: [1, 2, 4],
        durationMs: 60_000,
        signal: stop.signal,
        onStep: ({ recorder }) => {
          const stopWhenCounted = () => (recorder.counts(performance.now()).ok > 3 ? stop.abort() : again());
          const again = () => setTimeout(stopWhenCounted, 20);
          again();
        },
      });
      assert.equal(report.interrupted, true);
      assert.equal(report.steps.length, 1);
      assert.ok((report.steps[0]?.counts.ok ?? 0) > 3);
    } finally {
      await worker.stop();
    }
  });

  it("refuses before the run a target that is down, wants a key, or can never take the preset's prompts", async () => {
    const worker = await startFakeWorker({ answer: "status", status: 400 });
    await assert.rejects(runBench({ ...QUICK, url: worker.url }), { code: "target_refuses", message: /http-400/ });
    await worker.stop();
    await assert.rejects(runBench({ ...QUICK, url: worker.url }), { code: "target_unreachable" });
    await assert.rejects(runBench({ ...QUICK, url: "not an address" }), { code: "bad_option" });
    await assert.rejects(runBench({ ...QUICK, url: worker.url, users: [0] }), { code: "bad_option" });
  });

  it("keeps open loop arrivals coming while the target is silent, and calls the figures lower bounds", async () => {
    const { users: _, ...open } = QUICK;
    const worker = await startFakeWorker({ tokens: 2 });
    try {
      const onTarget = () => void worker.change({ answer: "never" });
      const report = await runBench({ ...open, rate: [100], url: worker.url, onTarget });
      assert.ok((report.steps[0]?.counts.unfinished ?? 0) > 5);
      assert.match(report.notes.join("\n"), /does not keep up/);
    } finally {
      await worker.stop();
    }
  });
});
