import type { Clock } from "@drover/balancer/clock";

export { type Clock, systemClock } from "@drover/balancer/clock";

/** Resolves after `delayMs`. */
export function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => void clock.after(delayMs, resolve));
}

/** Uniform in [0, 1). */
export const systemRandom = (): number => Math.random();
