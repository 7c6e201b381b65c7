import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type BenchOptions, type BenchReport, runBench } from "@drover/bench";
import type { FakeScript } from "../fake-worker/script.ts";
import { startFakeWorker } from "../fake-worker/start-fake-worker.ts";
import { freePort } from "../support/ports.ts";

const LOAD = { preset: "code", users: [2], warmupMs: 0, durationMs: 60_000, thinkMs: 0, timeoutMs: 60_000 };
type Counts = BenchReport["steps"][number]["counts"];

/**
 * Measures a worker that is as `first` says for the trial request, then as scripted, and interrupts once `enough` was counted: no
 * test depends on how much a busy machine gets done in a window.
 */
async function bench(
  script: Partial<FakeScript>,
  enough: (counts: Counts) => boolean,
  options: Partial<BenchOptions> = {},
  first: Partial<FakeScript> = {},
) {
  const worker = await startFakeWorker({ tokens: 3, ...first });
  const stop = new AbortController();
  let changed: Promise<void> | undefined;
  const { users: _, ...open } = LOAD;
  try {
    const report = await runBench({
      ...(options.rate === undefined ? LOAD : open),
      url: worker.url,
      onTarget: () => {
        if (Object.keys(script).length > 0) changed = worker.change(script);
      },
      signal: stop.signal,
      onStep: ({ recorder }) => {
        const look = () => (enough(recorder.counts(performance.now())) ? stop.abort() : again());
        const again = () => setTimeout(look, 20);
        again();
      },
      ...options,
    });
    await changed;
    return report;
  } finally {
    await worker.stop();
  }
}

const countsOf = (report: BenchReport) => report.steps[0]?.counts ?? assert.fail("there is a step");

describe("bench against a real port", () => {
  it("counts whole responses with the server's own token counts", async () => {
    const report = await bench({ tokens: 5 }, ({ ok }) => ok >= 10);
    const counts = countsOf(report);
    assert.equal(counts.failed, 0);
    assert.equal(counts.tokensAreChunks, false);
    assert.ok(counts.tokensOutPerSecond > counts.requestsPerSecond);
    assert.equal(report.target.model, "fake");
  });

  it("names each kind of bad response, and calls none of them a success", async () => {
    const kinds = [
      ["status", "http-503"],
      ["empty", "empty-response"],
      ["no-done", "no-finish-reason"],
      ["broken", "reset"],
      ["error-event", "error-event"],
      ["reset", "reset"],
      ["garbage", "not-http"],
    ] as const;
    for (const [response, reason] of kinds) {
      const report = await bench({ response, status: 503, tokens: 4 }, ({ failed }) => failed > 0);
      // A healthy response may have slipped in before the change took effect.
      assert.deepEqual(Object.keys(countsOf(report).reasons), [reason], response);
    }
  });

  it("counts a target that dies as refused, and one that never answers as timed out", async () => {
    const crash = { crashAfterRequests: 4 };
    const dead = await bench({}, ({ reasons }) => (reasons.refused ?? 0) > 0, {}, crash);
    assert.ok(countsOf(dead).failed > 0);
    const silent = await bench({ response: "never" }, ({ reasons }) => (reasons.timeout ?? 0) > 0, { timeoutMs: 150 });
    assert.ok(countsOf(silent).failed > 0);
  });

  it("keeps what there is when it is interrupted, and says so", async () => {
    const report = await bench({}, ({ ok }) => ok > 3, { users: [1, 2, 4] });
    assert.equal(report.interrupted, true);
    assert.equal(report.steps.length, 1);
    assert.ok(countsOf(report).ok > 3);
  });

  it("has no step, rather than one of zeros, when it is interrupted while warming up", async () => {
    const report = await bench({}, () => true, { warmupMs: 60_000 });
    assert.deepEqual([report.interrupted, report.steps], [true, []]);
  });

  it("refuses before the run a target that is down, wants a key, or can never take the preset's prompts", async () => {
    const worker = await startFakeWorker({ response: "status", status: 400 });
    await assert.rejects(runBench({ ...LOAD, url: worker.url }), { code: "target_refuses", message: /http-400/ });
    await worker.stop();
    const nobody = `http://127.0.0.1:${await freePort()}`;
    await assert.rejects(runBench({ ...LOAD, url: nobody }), { code: "target_unreachable" });
    await assert.rejects(runBench({ ...LOAD, url: "not an address" }), { code: "bad_option" });
    await assert.rejects(runBench({ ...LOAD, url: worker.url, users: [0] }), { code: "bad_option" });
  });

  it("keeps open loop arrivals coming while the target is silent, and calls the figures lower bounds", async () => {
    const report = await bench({ response: "never" }, ({ unfinished }) => unfinished > 5, { rate: [100] });
    assert.match(report.notes.join("\n"), /does not keep up/);
  });
});
