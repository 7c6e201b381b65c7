/** Time, passed in so that nothing else reads it. */
export interface Clock {
  /** Milliseconds since the epoch. */
  nowMs(): number;
  /** Milliseconds since some fixed moment; never goes back. */
  monotonicMs(): number;
}

export interface Ticker {
  /** Calls `action` again and again, without keeping the process alive. @returns stops it. */
  every(periodMs: number, action: () => void): () => void;
}

export const systemClock: Clock & Ticker = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  every(periodMs, action) {
    const timer = setInterval(action, periodMs).unref();
    return () => clearInterval(timer);
  },
};
