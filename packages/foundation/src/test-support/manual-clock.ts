import { setImmediate as settled } from "node:timers/promises";
import type { Clock } from "../clock.ts";

/** A clock that stands still until it is moved. It starts at 0 on both scales. */
export interface ManualClock extends Clock {
  /** Moves on, calling what falls due in the order of its time. */
  advance(byMs: number): void;
  /** Sets the date, as an administrator or a time server does; what measures durations must not notice. */
  setEpochMs(toMs: number): void;
  /** Jumps from one timer to the next until `work` has settled: an hour takes milliseconds, and comes out exact. */
  run<T>(work: Promise<T>): Promise<T>;
  /** Timers that still wait. */
  waiting(): number;
}

interface Timer {
  dueMs: number;
  readonly call: () => void;
}

export function createManualClock(): ManualClock {
  let nowMs = 0;
  let epochOffsetMs = 0;
  const timers = new Set<Timer>();
  const set = (timer: Timer): (() => void) => {
    timers.add(timer);
    return () => void timers.delete(timer);
  };
  const callNext = (untilMs: number): boolean => {
    const [next] = [...timers].filter((timer) => timer.dueMs <= untilMs).toSorted((a, b) => a.dueMs - b.dueMs);
    if (next === undefined) return false;
    timers.delete(next);
    nowMs = Math.max(nowMs, next.dueMs);
    next.call();
    return true;
  };
  return {
    monotonicMs: () => nowMs,
    epochMs: () => nowMs + epochOffsetMs,
    after: (delayMs, call) => set({ dueMs: nowMs + delayMs, call }),
    every(periodMs, tick) {
      const timer = {
        dueMs: nowMs + periodMs,
        call: () => {
          timers.add(timer);
          timer.dueMs += periodMs;
          tick();
        },
      };
      return set(timer);
    },
    advance(byMs) {
      const untilMs = nowMs + byMs;
      while (callNext(untilMs));
      nowMs = untilMs;
    },
    setEpochMs(toMs) {
      epochOffsetMs = toMs - nowMs;
    },
    async run(work) {
      const state = { done: false };
      const end = () => {
        state.done = true;
      };
      work.then(end, end);
      for (;;) {
        await settled();
        if (state.done) return work;
        // No timer waits while something real is under way, such as a look into /proc.
        callNext(Number.POSITIVE_INFINITY);
      }
    },
    waiting: () => timers.size,
  };
}
