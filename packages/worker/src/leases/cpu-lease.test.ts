import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { WorkerMessage } from "@drover/contract/ipc";
import { CpuLease } from "./cpu-lease.ts";

/** A lease with what it told the supervisor, the thread counts that it applied, and a clock that is turned by hand. */
function open(threads = 0) {
  const told: WorkerMessage[] = [];
  const applied: number[] = [];
  let alarms: (() => void)[] = [];
  const time = { nowMs: 0 };
  const lease = new CpuLease({
    threads,
    tell: (message) => told.push(message),
    apply: (count) => applied.push(count),
    clock: {
      monotonicMs: () => time.nowMs,
      after: (_ms, action) => {
        alarms.push(action);
        return () => (alarms = alarms.filter((other) => other !== action));
      },
    },
  });
  const ring = () => {
    const due = alarms;
    alarms = [];
    for (const action of due) action();
  };
  return { lease, told, applied, ring, time };
}

/** Whether a promise is settled once everything that is ready has run. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => (settled = true));
  await new Promise(setImmediate);
  return settled;
}

describe("a worker's CPU lease", () => {
  it("computes nothing before the first order, asks for CPUs, and confirms when it has them", async () => {
    const { lease, told, applied } = open();
    const turn = lease.begin();
    assert.equal(await isSettled(turn), false);
    assert.deepEqual(told, [{ type: "cpus-needed", need: "share" }]);
    lease.order({ cpus: [2, 3], epoch: 1 });
    assert.equal(await isSettled(turn), true);
    assert.deepEqual(applied, [2]);
    assert.deepEqual(told.at(-1), { type: "leased", epoch: 1 });
  });

  it("gives CPUs back at the end of a step and not before, and the next step has the threads that are left", async () => {
    const { lease, told, applied } = open();
    lease.order({ cpus: [0, 1], epoch: 1 });
    const end = await lease.begin();
    lease.order({ cpus: [0], epoch: 2 });
    await new Promise(setImmediate);
    assert.deepEqual(told.at(-1), { type: "cpus-needed", need: "share" });
    end();
    assert.deepEqual(told.at(-1), { type: "leased", epoch: 2 });
    assert.deepEqual(applied, [2, 1]);
  });

  it("obeys the latest of several orders that came during a step, and holds its next step where that left it nothing", async () => {
    const { lease, told, applied } = open();
    lease.order({ cpus: [0, 1], epoch: 1 });
    const end = await lease.begin();
    lease.order({ cpus: [0], epoch: 2 });
    lease.order({ cpus: [], epoch: 3 });
    end();
    assert.deepEqual(
      told.filter(({ type }) => type === "leased"),
      [
        { type: "leased", epoch: 1 },
        { type: "leased", epoch: 3 },
      ],
    );
    const next = lease.begin();
    assert.equal(await isSettled(next), false);
    lease.order({ cpus: [1], epoch: 4 });
    assert.equal(await isSettled(next), true);
    assert.deepEqual(applied, [2, 1]);
  });

  it("lets a batch step and an embedding compute one after the other", async () => {
    const { lease, time } = open(2);
    const step = await lease.begin();
    time.nowMs += 10;
    const [embedding, nextStep] = [lease.begin("embeddings"), lease.begin()];
    assert.equal(await isSettled(embedding), false);
    step();
    assert.equal(await isSettled(embedding), true);
    assert.equal(await isSettled(nextStep), false);
    (await embedding)();
    assert.equal(await isSettled(nextStep), true);
  });

  for (const [stepMs, textMs] of [
    [50, 500],
    [80, 10],
  ] as const)
    it(`gives steps of ${stepMs} ms the same time as texts of ${textMs} ms, and all of it to who is alone`, async () => {
      const { lease, time } = open(1);
      const had = { steps: 0, embeddings: 0 };
      const keepComputing = async (kind: "steps" | "embeddings", ms: number, untilMs: number) => {
        while (time.nowMs < untilMs) {
          const end = await lease.begin(kind);
          time.nowMs += ms;
          had[kind] += ms;
          end();
        }
      };
      await keepComputing("embeddings", textMs, 50_000);
      had.embeddings = 0;
      await Promise.all([keepComputing("steps", stepMs, 60_000), keepComputing("embeddings", textMs, 60_000)]);
      assert.ok(Math.abs(had.steps - had.embeddings) <= 1000, `${had.steps} and ${had.embeddings} ms`);
      await keepComputing("steps", stepMs, 70_000);
      assert.ok(had.steps >= 14_000);
    });

  it("says that it needs no CPUs once nothing was computed for a while, and not between two steps", async () => {
    const { lease, told, ring } = open(1);
    (await lease.begin())();
    (await lease.begin())();
    ring();
    assert.deepEqual(told, [{ type: "cpus-needed", need: "share" }]);
    ring();
    assert.deepEqual(told.at(-1), { type: "cpus-needed", need: "none" });
  });

  it("asks for all CPUs while it measures", async () => {
    const { lease, told, ring } = open(1);
    await lease.measuring(async () => (await lease.begin())());
    assert.deepEqual(told, [{ type: "cpus-needed", need: "all" }]);
    ring();
    assert.deepEqual(told.at(-1), { type: "cpus-needed", need: "none" });
  });

  it("gives a turn for what can wait only while nothing else computes and the CPUs are enough", async () => {
    const { lease, told } = open(2);
    assert.equal(lease.tryBegin(3), undefined);
    const step = await lease.begin();
    assert.equal(lease.tryBegin(1), undefined);
    step();
    told.length = 0;
    const spare = lease.tryBegin(2);
    assert.notEqual(spare, undefined);
    const waiting = lease.begin();
    assert.equal(await isSettled(waiting), false);
    spare?.();
    assert.equal(await isSettled(waiting), true);
  });

  it("counts the end of a turn once, however often it is called", async () => {
    const { lease } = open(1);
    const first = await lease.begin();
    first();
    await lease.begin();
    first();
    assert.equal(await isSettled(lease.begin()), false);
  });
});
