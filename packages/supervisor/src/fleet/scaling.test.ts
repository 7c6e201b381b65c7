import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { decideScale, type LoadSample, NO_MEMORY, type ScalingMemory } from "./scaling.ts";

const rules = { min: 1, max: 4, upAfterMs: 3000, downAfterMs: 60_000 };
const calm: LoadSample = { now: 0, workers: 2, coming: 0, waiting: 0, busySlots: 6, slotsPerWorker: 8 };

/** Looks once a second with the same load; returns after how many seconds the number changes, and to what. */
function watch(
  sample: Partial<LoadSample>,
  seconds: number,
): readonly [afterSeconds: number, workers: number] | "same" {
  let memory: ScalingMemory = NO_MEMORY;
  for (let second = 0; second <= seconds; second += 1) {
    const decision = decideScale(memory, { ...calm, ...sample, now: second * 1000 }, rules);
    if (decision.workers !== (sample.workers ?? calm.workers)) return [second, decision.workers];
    memory = decision.memory;
  }
  return "same";
}

describe("decideScale", () => {
  it("adds one worker once requests have waited long enough, and never passes the most", () => {
    assert.deepEqual(watch({ waiting: 1 }, 100), [3, 3]);
    assert.equal(watch({ waiting: 50, workers: 4 }, 1000), "same");
  });

  it("forgets a queue that was empty in between", () => {
    const { memory } = decideScale({ waitingSince: 0, spareSince: undefined }, { ...calm, now: 2900 }, rules);
    assert.equal(memory.waitingSince, undefined);
  });

  it("waits for a worker that is coming up before it adds another", () => {
    assert.equal(watch({ waiting: 5, coming: 1 }, 1000), "same");
  });

  it("takes one away once half of the slots of the others were enough for long, and never goes below the least", () => {
    assert.deepEqual(watch({ busySlots: 4 }, 1000), [60, 1]);
    assert.equal(watch({ busySlots: 5 }, 1000), "same");
    assert.equal(watch({ busySlots: 0, workers: 1 }, 1000), "same");
  });

  it("does not swing: the load that took a worker away does not bring it back, nor the other way round", () => {
    for (let busySlots = 0; busySlots <= 32; busySlots += 1) {
      for (let workers = 2; workers <= 4; workers += 1) {
        const goes = watch({ workers, busySlots }, 1000) !== "same";
        const fewerWouldQueue = busySlots > (workers - 1) * 8;
        assert.ok(!(goes && fewerWouldQueue), `${workers} workers, ${busySlots} busy`);
      }
    }
  });

  it("comes back into its range at once when a reload moved the range", () => {
    assert.deepEqual(watch({ workers: 6 }, 1), [0, 4]);
    assert.deepEqual(watch({ workers: 0 }, 1), [0, 1]);
  });
});
