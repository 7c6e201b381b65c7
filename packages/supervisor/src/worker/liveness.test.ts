import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { afterHeartbeat, firstPulse, forgive, judgeLiveness } from "./liveness.ts";

const limits = { livenessTimeout: 10_000, stallTimeout: 60_000 };

describe("liveness", () => {
  it("holds a worker for silent exactly when its heartbeat is missing for the timeout", () => {
    const pulse = afterHeartbeat(firstPulse(0), { steps: 1, active: 1 }, 5000);
    assert.equal(judgeLiveness(pulse, 14_999, limits), "alive");
    assert.equal(judgeLiveness(pulse, 15_000, limits), "silent");
  });

  it("leaves a worker alone that is busy for minutes as long as it steps", () => {
    let pulse = firstPulse(0);
    for (let second = 1; second <= 600; second += 1) {
      // A step of a long prefill may take a while.
      pulse = afterHeartbeat(pulse, { steps: Math.floor(second / 30), active: 3 }, second * 1000);
      assert.equal(judgeLiveness(pulse, second * 1000 + 999, limits), "alive");
    }
  });

  it("holds a worker for stalled that has requests and no step, though its heart beats", () => {
    let pulse = afterHeartbeat(firstPulse(0), { steps: 7, active: 0 }, 1000);
    for (let second = 2; second <= 61; second += 1) {
      pulse = afterHeartbeat(pulse, { steps: 7, active: 1 }, second * 1000);
    }
    assert.equal(judgeLiveness(pulse, 60_999, limits), "alive");
    assert.equal(judgeLiveness(pulse, 61_000, limits), "stalled");
  });

  it("never holds an idle worker for stalled", () => {
    let pulse = firstPulse(0);
    for (let second = 1; second <= 600; second += 1)
      pulse = afterHeartbeat(pulse, { steps: 0, active: 0 }, second * 1000);
    assert.equal(judgeLiveness(pulse, 600_500, limits), "alive");
  });

  it("does not count time in which nobody listened", () => {
    const pulse = forgive(firstPulse(0), 3_600_000);
    assert.equal(judgeLiveness(pulse, 3_605_000, limits), "alive");
    assert.equal(judgeLiveness(pulse, 3_610_000, limits), "silent");
  });
});
