import { setImmediate as settled } from "node:timers/promises";
import type { Clock } from "../clock.ts";

/** A clock that jumps from one awaited moment to the next: an hour of load takes milliseconds, and comes out exact. */
export interface VirtualClock extends Clock {
  /** Moves on until `work` has settled. */
  run<T>(work: Promise<T>): Promise<T>;
}

/** @param wallTime what date() says; a measurement must not care */
export function createVirtualClock(wallTime: () => Date = () => new Date(0)): VirtualClock {
  let nowMs = 0;
  const waiting = new Set<{ readonly atMs: number; readonly wake: () => void }>();
  return {
    nowMs: () => nowMs,
    date: wallTime,
    wait: (ms, signal) =>
      new Promise((resolve) => {
        if (signal?.aborted === true) {
          resolve();
          return;
        }
        const entry = {
          atMs: nowMs + Math.max(0, ms),
          wake: () => {
            waiting.delete(entry);
            signal?.removeEventListener("abort", entry.wake);
            resolve();
          },
        };
        waiting.add(entry);
        signal?.addEventListener("abort", entry.wake);
      }),
    async run(work) {
      const state = { done: false };
      const end = () => {
        state.done = true;
      };
      work.then(end, end);
      for (;;) {
        await settled();
        if (state.done) return work;
        // Nobody waits while something real is under way, such as a look into /proc.
        const [next] = [...waiting].toSorted((a, b) => a.atMs - b.atMs);
        if (next === undefined) continue;
        nowMs = Math.max(nowMs, next.atMs);
        next.wake();
      }
    },
  };
}
