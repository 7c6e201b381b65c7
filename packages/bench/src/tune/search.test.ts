import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type Random, seededRandom } from "../random.ts";
import { pause } from "@drover/foundation/clock";
import { createManualClock } from "@drover/foundation/test-support/manual-clock";
import { type Candidate, candidateName } from "./candidate.ts";
import { search, type SearchOptions } from "./search.ts";
import { coarseCandidates, neighbours } from "./search-space.ts";
import type { Score } from "./standings.ts";
import { verdictsOf } from "./verdicts.ts";

const MEASUREMENT_MS = 10_000;

/** A machine whose true throughput is known, measured with noise of a few percent. */
const machine = (truth: (candidate: Candidate) => number, noise: Random) => (candidate: Candidate) => ({
  tokensPerSecond: truth(candidate) * (1 + (noise() - 0.5) * 0.08),
  requestsPerSecond: 1,
  responseP95Ms: 1000,
  ttftP95Ms: 100,
  itlP95Ms: 50,
  rssBytes: candidate.workers * 2 ** 30,
  unfit: undefined,
});

const run = (
  measureOnce: (candidate: Candidate) => Score | { readonly failure: string },
  options: Partial<SearchOptions> = {},
) => {
  const clock = createManualClock();
  const measured: string[] = [];
  const found = search({
    cpus: 16,
    users: 16,
    limitMs: 3_600_000,
    clock,
    signal: new AbortController().signal,
    random: seededRandom(1),
    measure: async (candidate) => {
      measured.push(candidateName(candidate));
      await pause(clock, MEASUREMENT_MS);
      return measureOnce(candidate);
    },
    ...options,
  });
  return clock.run(found).then((result) => ({ ...result, measured, tookMs: clock.monotonicMs() }));
};

/** Best at 4 x 4 with flash attention on; batch and KV type do nothing. */
const truth = ({ workers, threads, slots, flashAttention }: Candidate) =>
  100 -
  8 * Math.abs(Math.log2(workers) - 2) -
  Math.abs(16 - workers * threads) -
  Math.abs(slots - 4) +
  (flashAttention === "on" ? 10 : 0);

const layouts = (cpus: number) => coarseCandidates(cpus, 8).map(({ workers, threads }) => `${workers}x${threads}`);

describe("the search space", () => {
  it("lays out all CPUs in every equal way, and one fewer from 8 CPUs up", () => {
    assert.deepEqual(layouts(1), ["1x1"]);
    assert.deepEqual(layouts(2), ["1x2", "2x1", "1x1"]);
    assert.deepEqual(layouts(8), ["1x8", "2x4", "4x2", "8x1", "1x7", "7x1", "1x1"]);
    assert.ok(coarseCandidates(12, 20).every(({ workers, slots }) => workers * slots >= 20));
  });

  it("refines one setting at a time, except that a quantized KV cache brings flash attention", () => {
    const [best] = coarseCandidates(4, 8);
    assert.ok(best !== undefined);
    for (const other of neighbours(best)) {
      const changed = Object.entries(other).filter(
        ([key, value]) => value !== Object.entries(best).find(([name]) => name === key)?.[1],
      );
      assert.ok(changed.length === 1 || other.kvType === "q8_0", candidateName(other));
    }
  });
});

describe("tune's search", () => {
  it("finds the best configuration in spite of noise, whatever the noise is", async () => {
    for (const seed of [1, 2, 3, 4, 5]) {
      const { pick } = await run(machine(truth, seededRandom(seed)));
      assert.ok(pick !== undefined);
      assert.ok(truth(pick.candidate) >= 110 * 0.95, `seed ${seed}: ${pick.name}`);
      assert.ok(pick.scores.length >= 2, "the pick was measured more than once");
      assert.ok((pick.throughput?.low ?? 0) > 0);
    }
  });

  it("stops early with losers and repeats what is close", async () => {
    const { measured } = await run(machine(truth, seededRandom(1)));
    const times = (name: string) => measured.filter((one) => one === name).length;
    assert.equal(times("1 x 1 threads x 16 slots"), 1);
    assert.ok(times("4 x 4 threads x 4 slots") >= 3);
  });

  it("keeps to the time limit and says what it had no time for", async () => {
    const { tookMs, untried, pick, timeWasShort } = await run(machine(truth, seededRandom(1)), { limitMs: 60_000 });
    assert.ok(tookMs <= 60_000);
    assert.ok(untried.length > 0 && timeWasShort);
    assert.ok(pick !== undefined);
  });

  it("passes over a configuration that does not start, and one that fails requests however fast it seems", async () => {
    const measureOnce = machine(truth, seededRandom(1));
    const { pick, standings } = await run((candidate) => {
      if (candidate.workers === 4) return { failure: "out of memory" };
      const score = measureOnce(candidate);
      return candidate.workers === 2 ? { ...score, tokensPerSecond: 1e6, unfit: "requests failed: http-503" } : score;
    });
    assert.ok(pick !== undefined && ![2, 4].includes(pick.candidate.workers), pick?.name);
    assert.ok(standings.some(({ unfit }) => unfit === "out of memory"));
  });

  it("keeps the defaults where a change does not pay, and says who is as good", async () => {
    const { pick, standings } = await run(
      machine(({ workers }) => 100 - workers, seededRandom(3)),
      { cpus: 2 },
    );
    assert.ok(pick !== undefined);
    assert.deepEqual(
      [pick.candidate.batch, pick.candidate.flashAttention, pick.candidate.kvType],
      [512, "auto", "f16"],
    );
    assert.match(verdictsOf(standings, pick).join("\n"), /and so as good/);
  });

  it("says so when one worker wins", async () => {
    const { pick, standings } = await run(
      machine(({ workers }) => 100 / workers, seededRandom(1)),
      { cpus: 4 },
    );
    assert.equal(pick?.candidate.workers, 1);
    assert.ok(pick !== undefined);
    assert.match(verdictsOf(standings, pick).join("\n"), /One worker with batching wins on this machine.*less/);
  });

  it("says so when one worker and several can't be told apart", async () => {
    const { pick, standings } = await run(
      machine(() => 100, seededRandom(1)),
      { cpus: 2 },
    );
    assert.ok(pick !== undefined);
    const said = verdictsOf(standings, pick).join("\n");
    assert.match(said, /One worker and several can't be told apart/);
    assert.doesNotMatch(said, /workers? (with batching )?wins? on this machine/);
  });

  it("answers nothing when it is interrupted before the first measurement ends", async () => {
    const stop = new AbortController();
    stop.abort();
    const { pick, measured } = await run(machine(truth, seededRandom(1)), { signal: stop.signal });
    assert.equal(pick, undefined);
    assert.deepEqual(measured, []);
  });
});
