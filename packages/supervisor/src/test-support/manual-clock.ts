import type { Clock } from "../clock.ts";

/** A clock that stands still until it is moved. */
export interface ManualClock extends Clock {
  /** Moves on, calling what falls due in the order of its time. */
  readonly advance: (byMs: number) => void;
  /** Timers that still wait. */
  readonly waiting: () => number;
}

export function createManualClock(): ManualClock {
  let nowMs = 0;
  const timers = new Set<{ dueMs: number; readonly call: () => void }>();
  const after: Clock["after"] = (delayMs, call) => {
    const timer = { dueMs: nowMs + delayMs, call };
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  return {
    now: () => nowMs,
    after,
    every(periodMs, tick) {
      const timer = {
        dueMs: nowMs + periodMs,
        call: () => {
          timers.add(timer);
          timer.dueMs += periodMs;
          tick();
        },
      };
      timers.add(timer);
      return () => void timers.delete(timer);
    },
    advance(byMs) {
      const untilMs = nowMs + byMs;
      for (;;) {
        const next = [...timers].filter((timer) => timer.dueMs <= untilMs).toSorted((a, b) => a.dueMs - b.dueMs)[0];
        if (next === undefined) break;
        timers.delete(next);
        nowMs = next.dueMs;
        next.call();
      }
      nowMs = untilMs;
    },
    waiting: () => timers.size,
  };
}
