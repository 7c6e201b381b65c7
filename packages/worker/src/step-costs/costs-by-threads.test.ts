import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CostsByThreads } from "./costs-by-threads.ts";

/** Zen 3, the 1.5B model: ms a step. */
const one = [
  { tokens: 1, ms: 78 },
  { tokens: 4, ms: 212 },
  { tokens: 8, ms: 425 },
];
const two = [
  { tokens: 1, ms: 39.5 },
  { tokens: 4, ms: 112 },
  { tokens: 8, ms: 226 },
];

/** Costs with what they asked for: thread counts, and tables that were corrected. */
function open(threads: number) {
  const used: number[] = [];
  const corrected: number[] = [];
  const costs = new CostsByThreads({
    threads,
    onThreads: (count) => used.push(count),
    onCorrected: (count) => corrected.push(count),
  });
  return { costs, used, corrected };
}

describe("step costs by threads", () => {
  it("are always those of the threads that there are", () => {
    const { costs } = open(2);
    costs.know(1, one);
    costs.know(2, two);
    assert.equal(costs.costs.groupMs(4), 112);
    costs.hold(1);
    assert.equal(costs.costs.groupMs(4), 212);
    assert.deepEqual(costs.costs.points, one);
  });

  it("take a measured table in place of an estimate as soon as there is one", () => {
    const { costs } = open(1);
    costs.know(2, two);
    assert.ok(costs.costs.groupMs(8) > 400);
    costs.know(1, one);
    assert.equal(costs.costs.groupMs(8), 425);
  });

  it("are corrected by live steps for the threads that these had", () => {
    const { costs, corrected } = open(2);
    costs.know(1, one);
    costs.know(2, two);
    for (let step = 0; step < 128; step++) {
      costs.see({ groups: [{ first: 0, last: 0 }], ms: 39.5, depth: 8 });
      costs.see({ groups: [{ first: 0, last: 3 }], ms: 180, depth: 8 });
    }
    assert.deepEqual(corrected, [2]);
    assert.ok(costs.costs.groupMs(4) > 120);
    costs.hold(1);
    assert.equal(costs.costs.groupMs(4), 212);
  });

  it("use all CPUs, but fewer threads where these are quicker by the tables", () => {
    const { costs, used } = open(2);
    costs.know(1, one);
    costs.know(2, two);
    costs.hold(2);
    costs.hold(1);
    costs.know(
      2,
      one.map(({ tokens, ms }) => ({ tokens, ms: 3 * ms })),
    );
    costs.hold(2);
    assert.deepEqual(used, [2, 1, 1]);
  });

  it("go down to fewer threads while another process stands in the threads' way, and try all of them again, ever more rarely", () => {
    const { costs, used } = open(2);
    costs.know(1, one);
    costs.know(2, two);
    costs.hold(2);
    const step = (ms: number) => costs.see({ groups: [{ first: 0, last: 3 }], ms, depth: 8 });
    step(3000);
    step(212);
    step(3000);
    assert.deepEqual(used, [2], "a moment in which the machine stood still");
    step(3000);
    assert.deepEqual(used, [2, 1]);
    for (let count = 0; count < 10; count++) step(200);
    assert.deepEqual(used, [2, 1, 2]);
    step(3000);
    step(3000);
    for (let count = 0; count < 19; count++) step(200);
    assert.deepEqual(used, [2, 1, 2, 1]);
    step(200);
    for (let count = 0; count < 100; count++) step(120);
    assert.deepEqual(used, [2, 1, 2, 1, 2]);
  });

  it("count the time that prompts take between two tokens before all threads are tried again", () => {
    const { costs, used } = open(2);
    costs.know(1, one);
    costs.know(2, two);
    costs.hold(2);
    const step = (ms: number) => costs.see({ groups: [{ first: 0, last: 3 }], ms, depth: 8, pausedMs: 1500 });
    step(3000);
    step(3000);
    step(200);
    assert.deepEqual(used, [2, 1]);
    step(200);
    assert.deepEqual(used, [2, 1, 2]);
  });

  it("go down to half of the threads where nothing is known of fewer", () => {
    const { costs, used } = open(2);
    costs.know(2, two);
    costs.hold(2);
    for (const ms of [3000, 3000]) costs.see({ groups: [{ first: 0, last: 3 }], ms, depth: 8 });
    assert.deepEqual(used, [2, 1]);
  });

  it("keep all threads where steps are slow because their sequences are long, or the machine slow for one thread as well", () => {
    const { costs, used } = open(2);
    costs.know(1, one);
    costs.know(2, two);
    costs.hold(2);
    for (let count = 0; count < 100; count++) {
      costs.see({ groups: [{ first: 0, last: 3 }], ms: 700, depth: 2000 });
      costs.see({ groups: [{ first: 0, last: 3 }], ms: 300, depth: 8 });
    }
    assert.deepEqual(used, [2]);
  });
});
