import { pingTimes } from "@drover/contract/ping-times";
import type { Clock } from "@drover/foundation/clock";

/** The time, but no timers: nobody is late in a test that is not about that. */
export const timelessClock: Clock = {
  monotonicMs: () => performance.now(),
  epochMs: () => Date.now(),
  after: () => () => undefined,
  every: () => () => undefined,
};

/** The same, but a stream that waits has waited long enough for its first comment. */
export const pingingClock: Clock = {
  ...timelessClock,
  after(delayMs, action) {
    if (delayMs !== pingTimes.delayMs) return () => undefined;
    const turn = setImmediate(action);
    return () => clearImmediate(turn);
  },
};
