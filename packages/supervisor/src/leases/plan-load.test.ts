import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type CostTables, followPlan, planLoad, workersFor } from "./plan-load.ts";

const table = (ms: Readonly<Record<number, number>>) =>
  Object.entries(ms).map(([tokens, ms]) => ({ tokens: Number(tokens), ms }));

/** 2 CPUs of a Zen 3 server, a 1.5B model in Q4_0: computing is the limit, and small batches are dear on one thread. */
const ZEN: CostTables = new Map([
  [2, table({ 1: 39.5, 2: 80, 4: 112, 8: 226, 16: 287 })],
  [1, table({ 1: 78, 2: 147, 4: 212, 8: 425, 16: 552 })],
]);

/** 16 cores of which 4 already read weights as fast as the memory gives them. */
const MEMORY_BOUND: CostTables = new Map([
  [16, table({ 1: 50, 2: 52, 4: 55, 8: 62, 16: 90 })],
  [8, table({ 1: 51, 2: 54, 4: 60, 8: 90, 16: 170 })],
  [4, table({ 1: 55, 2: 64, 4: 90, 8: 170, 16: 330 })],
]);

/** 16 cores on which threads stop helping beyond 4: barriers cost more than a small model's steps. */
const SMALL_MODEL: CostTables = new Map([
  [16, table({ 1: 4, 2: 4.4, 4: 5, 8: 7, 16: 12 })],
  [8, table({ 1: 3, 2: 3.5, 4: 4.5, 8: 7, 16: 13 })],
  [4, table({ 1: 2.6, 2: 3.4, 4: 5, 8: 8, 16: 15 })],
]);

describe("planning workers for a load", () => {
  it("keeps one worker with all CPUs at every load where it computes faster than several", () => {
    const plan = planLoad({ tables: ZEN, domains: [{ cpus: 2, workers: 2 }], slots: 16 });
    assert.deepEqual(plan[0], { upTo: 27, workers: 1, cpusEach: 2 });
  });

  it("does not take what half of the CPUs do alone for what both halves do side by side", () => {
    // Zen 4: as measured at a start. Once both workers computed, a step of four took 202 ms with one thread.
    const tables: CostTables = new Map([
      [2, table({ 1: 56, 2: 91, 4: 101, 8: 175, 16: 249, 64: 719 })],
      [1, table({ 1: 76, 2: 131, 4: 155, 8: 294, 16: 441, 64: 1415 })],
    ]);
    const plan = planLoad({ tables, domains: [{ cpus: 2, workers: 2 }], slots: 24 });
    for (const requests of [1, 4, 8, 16, 24]) assert.equal(workersFor(plan, requests), 1, `${requests}`);
  });

  it("does not believe tables measured alone where the memory is the limit: each worker reads all weights for itself", () => {
    const plan = planLoad({ tables: MEMORY_BOUND, domains: [{ cpus: 16, workers: 4 }], slots: 16 });
    for (const requests of [1, 4, 8, 16]) assert.equal(workersFor(plan, requests), 1, `${requests}`);
  });

  it("spreads the load over more workers as it grows, where smaller ones are faster together", () => {
    const plan = planLoad({ tables: SMALL_MODEL, domains: [{ cpus: 16, workers: 4 }], slots: 16 });
    assert.deepEqual(
      plan.map(({ workers }) => workers),
      plan.map(({ workers }) => workers).toSorted((a, b) => a - b),
    );
    assert.equal(workersFor(plan, 1), 1);
    assert.equal(workersFor(plan, 64), 4);
    assert.equal(plan.at(-1)?.cpusEach, 4);
  });

  it("uses a worker of another NUMA node, which has a memory of its own, before a second one of the same", () => {
    const domains = [
      { cpus: 8, workers: 2 },
      { cpus: 8, workers: 2 },
    ];
    const tables: CostTables = new Map([
      [8, table({ 1: 50, 2: 52, 4: 55, 8: 62, 16: 90 })],
      [4, table({ 1: 55, 2: 64, 4: 90, 8: 170, 16: 330 })],
    ]);
    const plan = planLoad({ tables, domains, slots: 16 });
    assert.deepEqual(
      plan.map(({ upTo, workers }) => [upTo, workers]),
      [
        [6, 1],
        [Number.POSITIVE_INFINITY, 2],
      ],
    );
  });

  it("lets nobody wait for a slot while another worker is no slower, and does where that would slow down all that run", () => {
    const tiny: CostTables = new Map([
      [2, table({ 1: 30, 4: 31 })],
      [1, table({ 1: 0.2, 4: 0.3 })],
    ]);
    const domains = [{ cpus: 2, workers: 2 }];
    assert.equal(workersFor(planLoad({ tables: tiny, domains, slots: 1 }), 2), 2);
    assert.equal(workersFor(planLoad({ tables: ZEN, domains, slots: 16 }), 20), 1);
  });

  it("takes more threads for faster where only fewer were measured yet", () => {
    const tables: CostTables = new Map([[1, ZEN.get(1) ?? []]]);
    const plan = planLoad({ tables, domains: [{ cpus: 2, workers: 2 }], slots: 16 });
    for (const requests of [1, 3, 4, 16]) assert.equal(workersFor(plan, requests), 1, `${requests}`);
  });

  it("fills one worker after the other while no costs are known", () => {
    const plan = planLoad({ tables: new Map(), domains: [{ cpus: 4, workers: 2 }], slots: 4 });
    assert.deepEqual(
      [1, 4, 5, 8, 100].map((requests) => workersFor(plan, requests)),
      [1, 1, 2, 2, 2],
    );
  });

  it("takes more workers at once, and fewer only where a quarter more requests would not need them again", () => {
    const plan = [
      { upTo: 8, workers: 1, cpusEach: 16 },
      { upTo: Number.POSITIVE_INFINITY, workers: 2, cpusEach: 8 },
    ];
    assert.equal(followPlan(plan, 1, 9), 2);
    assert.equal(followPlan(plan, 2, 8), 2);
    assert.equal(followPlan(plan, 2, 6), 2);
    assert.equal(followPlan(plan, 2, 5), 1);
    let [workers, changes] = [1, 0];
    for (const requests of [8, 9, 8, 9, 8, 9, 8, 7, 8, 9]) {
      const next = followPlan(plan, workers, requests);
      changes += next === workers ? 0 : 1;
      workers = next;
    }
    assert.equal(changes, 1);
  });
});
