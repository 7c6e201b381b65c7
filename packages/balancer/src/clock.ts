/** Time, passed in so that tests can turn it by hand. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `then` once after `delayMs`; the returned function calls it off. */
  after(delayMs: number, then: () => void): () => void;
  /** Calls `then` every `periodMs` without keeping the process alive; the returned function ends it. */
  every(periodMs: number, then: () => void): () => void;
}

/** The machine's clock. */
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
