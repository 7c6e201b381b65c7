import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { judgeExit, NO_RESTARTS, type RestartHistory } from "./restart-policy.ts";

const limits = { backoff: 500, backoffLimit: 30_000, maxRestarts: 5, restartWindow: 60_000 };
const middle = () => 0.5;
const exit = (now: number, readySince?: number) => ({
  now,
  readySince,
  isWanted: true,
  isHopeless: false,
  isStarved: false,
  isOfSuspect: false,
  othersServe: false,
});

describe("judgeExit", () => {
  it("doubles the delay from the first to the longest", () => {
    const patient = { ...limits, maxRestarts: 100 };
    const delays: number[] = [];
    let history: RestartHistory = NO_RESTARTS;
    for (let now = 0; delays.length < 9; now += 1000) {
      const verdict = judgeExit(history, exit(now), patient, middle);
      assert.ok(verdict.event === "crashed");
      delays.push(verdict.delayMs);
      history = verdict.history;
    }
    assert.deepEqual(delays, [500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  it("keeps the jitter within a fifth to either side", () => {
    for (const [random, delay] of [
      [0, 400],
      [0.999, 600],
    ] as const) {
      const verdict = judgeExit(NO_RESTARTS, exit(0), limits, () => random);
      assert.ok(verdict.event === "crashed" && verdict.delayMs === delay);
    }
  });

  it("gives up at one restart more than the window allows, and not for old crashes", () => {
    const recent = { crashes: [1, 2, 3, 4, 5], doublings: 5, quarantines: 0 };
    assert.equal(judgeExit(recent, exit(6), limits, middle).event, "gave-up");
    assert.equal(judgeExit(recent, exit(60_001), limits, middle).event, "crashed");
  });

  it("starts over with the first delay after a worker was ready for the whole window", () => {
    const verdict = judgeExit({ crashes: [0], doublings: 4, quarantines: 0 }, exit(100_000, 40_000), limits, middle);
    assert.ok(verdict.event === "crashed" && verdict.delayMs === 500);
    const tooShort = judgeExit({ crashes: [0], doublings: 4, quarantines: 0 }, exit(100_000, 40_001), limits, middle);
    assert.ok(tooShort.event === "crashed" && tooShort.delayMs === 8000);
  });

  it("tries no second time for a reason that will not go away, and not at all what nobody wants", () => {
    assert.equal(judgeExit(NO_RESTARTS, { ...exit(0), isHopeless: true }, limits, middle).event, "gave-up");
    assert.equal(judgeExit(NO_RESTARTS, { ...exit(0), isWanted: false }, limits, middle).event, "exited");
  });

  it("counts no crash that a request is to blame for", () => {
    const recent = { crashes: [1, 2, 3, 4, 5], doublings: 5, quarantines: 0 };
    const verdict = judgeExit(recent, { ...exit(6), isOfSuspect: true }, limits, middle);
    assert.deepEqual(verdict, { event: "crashed", delayMs: 500, history: recent });
  });

  it("charges a worker with no start for which the machine had no descriptor or process, and tries again later each time", () => {
    const recent = { crashes: [1, 2, 3, 4, 5], doublings: 2, quarantines: 0 };
    const verdict = judgeExit(recent, { ...exit(6), isStarved: true }, limits, middle);
    assert.deepEqual(verdict, { event: "crashed", delayMs: 2000, history: { ...recent, doublings: 3 } });
  });

  it("ends a quarantine by one try after two minutes, then four, up to fifteen, and sooner while others serve", () => {
    let history: RestartHistory = { crashes: [1, 2, 3, 4, 5], doublings: 5, quarantines: 0 };
    const delays: (number | undefined)[] = [];
    for (let now = 6; delays.length < 5; now += 1_000_000) {
      const verdict = judgeExit(history, exit(now), limits, middle);
      assert.ok(verdict.event === "gave-up");
      delays.push(verdict.delayMs);
      history = verdict.history;
    }
    assert.deepEqual(delays, [120_000, 240_000, 480_000, 900_000, 900_000]);
    const beside = judgeExit(history, { ...exit(9_000_000), othersServe: true }, limits, middle);
    assert.ok(beside.event === "gave-up" && beside.delayMs === 225_000);
    const later = judgeExit(history, exit(9_000_000, 8_900_000), limits, middle);
    assert.ok(later.event === "crashed" && later.history.quarantines === 0);
  });
});
