import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { createManualClock } from "@drover/foundation/test-support/manual-clock";
import { startWatchdog, takeWatchdogLimit } from "./watchdog.ts";

describe("startWatchdog", () => {
  it("pings twice within systemd's limit while every check is fresh, and no more once it has ended", async () => {
    const { clock, pings, end } = start({});
    for (let half = 0; half < 4; half += 1) {
      clock.advance(15_000);
      await turn();
    }
    assert.equal(pings.length, 4);
    end();
    clock.advance(60_000);
    await turn();
    assert.equal(pings.length, 4);
  });

  it("keeps the ping back and names the check while one is stale or fails", async () => {
    const state = { balancer: true, fails: false };
    const { clock, pings, warnings } = start(state);
    state.balancer = false;
    clock.advance(15_000);
    await turn();
    assert.deepEqual([pings.length, warnings], [0, ["the balancer responds"]]);
    Object.assign(state, { balancer: true, fails: true });
    clock.advance(15_000);
    await turn();
    assert.deepEqual([pings.length, warnings[1]], [0, "liveness is checked"]);
    state.fails = false;
    clock.advance(15_000);
    await turn();
    assert.equal(pings.length, 1);
  });

  it("does not pile up checks behind one that hangs", async () => {
    let begun = 0;
    const clock = createManualClock();
    const pings: number[] = [];
    startWatchdog({
      limitMs: 30_000,
      clock,
      checks: [{ name: "it settles", isFresh: () => new Promise(() => void (begun += 1)) }],
      ping: () => pings.push(clock.monotonicMs()),
      warn: () => {},
    });
    clock.advance(90_000);
    await turn();
    assert.deepEqual([begun, pings], [1, []]);
  });
});

describe("takeWatchdogLimit", () => {
  it("reads microseconds, minds whom they are for, and hides the variables from children", () => {
    const environment = { WATCHDOG_USEC: "30000000", WATCHDOG_PID: "77" };
    assert.equal(takeWatchdogLimit(environment, 77), 30_000);
    assert.deepEqual(environment, {});
    assert.equal(takeWatchdogLimit({ WATCHDOG_USEC: "30000000", WATCHDOG_PID: "76" }, 77), undefined);
    assert.equal(takeWatchdogLimit({ WATCHDOG_USEC: "30000000" }, 77), 30_000);
    assert.equal(takeWatchdogLimit({}, 77), undefined);
  });
});

function start(state: { balancer?: boolean; fails?: boolean }) {
  const clock = createManualClock();
  const pings: number[] = [];
  const warnings: string[] = [];
  const end = startWatchdog({
    limitMs: 30_000,
    clock,
    checks: [
      { name: "the balancer responds", isFresh: async () => state.balancer !== false },
      {
        name: "liveness is checked",
        isFresh: async () => {
          if (state.fails === true) throw new Error("no response");
          return true;
        },
      },
    ],
    ping: () => pings.push(clock.monotonicMs()),
    warn: (name) => warnings.push(name),
  });
  return { clock, pings, warnings, end };
}
