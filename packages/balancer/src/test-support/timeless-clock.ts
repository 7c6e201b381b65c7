import type { Clock } from "@drover/foundation/clock";

/** The time, but no timers: nobody is late in a test that is not about that. */
export const timelessClock: Clock = {
  monotonicMs: () => performance.now(),
  epochMs: () => Date.now(),
  after: () => () => undefined,
  every: () => () => undefined,
};
