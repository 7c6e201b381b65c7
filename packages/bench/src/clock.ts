import { performance } from "node:perf_hooks";

/** The only source of time in this package; tests pass one that they move themselves. */
export interface Clock {
  /** Milliseconds that only ever grow. Every measurement uses this one: a wall clock that is set does not touch it. */
  nowMs(): number;
  /** Resolves after `ms`, or at once when `signal` is aborted; never rejects. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
  /** For the date on a report, and for nothing else. */
  date(): Date;
}

export const systemClock: Clock = {
  nowMs: () => performance.now(),
  wait: (ms, signal) =>
    new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const end = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", end);
        resolve();
      };
      const timer = setTimeout(end, Math.max(0, ms));
      signal?.addEventListener("abort", end);
    }),
  date: () => new Date(),
};
