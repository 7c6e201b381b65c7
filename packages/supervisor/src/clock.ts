/** Time, passed in so that decisions can be tested without waiting. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `then` once after `delayMs`; the returned function calls it off. */
  after(delayMs: number, then: () => void): () => void;
  /** Calls `then` every `periodMs` without keeping the process alive; the returned function ends it. */
  every(periodMs: number, then: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, then) {
    const timer = setTimeout(then, delayMs);
    return () => clearTimeout(timer);
  },
  every(periodMs, then) {
    const timer = setInterval(then, periodMs);
    timer.unref();
    return () => clearInterval(timer);
  },
};

/** Resolves after `delayMs`. */
export function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => void clock.after(delayMs, resolve));
}

/** Uniform in [0, 1). */
export const systemRandom = (): number => Math.random();
