/** Time, passed in so that tests need not wait. */
export interface Clock {
  /** Resolves after `durationMs`; rejects with the signal's reason when that is raised first. */
  readonly sleep: (durationMs: number, signal?: AbortSignal) => Promise<void>;
  /** Runs `action` after `durationMs` unless the returned function is called. */
  readonly after: (durationMs: number, action: () => void) => () => void;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** The real clock. */
export const systemClock: Clock = {
  sleep: (durationMs, signal) =>
    new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        signal?.removeEventListener("abort", stop);
        resolve();
      }, durationMs);
      const stop = (): void => {
        clearTimeout(timer);
        reject(signal?.reason instanceof Error ? signal.reason : new Error("aborted"));
      };
      if (signal?.aborted === true) stop();
      else signal?.addEventListener("abort", stop, { once: true });
    }),
  after: (durationMs, action) => {
    const timer = setTimeout(action, durationMs);
    return () => clearTimeout(timer);
  },
  now: () => Date.now(),
};
