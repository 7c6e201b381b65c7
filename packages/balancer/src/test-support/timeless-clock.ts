import type { Clock } from "../clock.ts";

/** The time, but no timers: nobody is late in a test that is not about that. */
export const timelessClock: Clock = {
  now: () => Date.now(),
  after: () => () => undefined,
  every: () => () => undefined,
};
