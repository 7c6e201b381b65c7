/** A pending call; `cancel` is idempotent. */
export interface Timer {
  cancel(): void;
}

/** Time as the balancer sees it. Passed in, so that tests can turn it by hand. */
export interface Clock {
  /** Wall clock, in milliseconds since the epoch. */
  now(): number;
  /** Never goes back; for durations. */
  monotonicMs(): number;
  /** Calls `run` once after `ms`. Does not keep the process alive. */
  after(ms: number, run: () => void): Timer;
}

/** The machine's clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(ms, run) {
    const handle = setTimeout(run, ms);
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};
