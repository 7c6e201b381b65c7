/** Reads the time. The two clocks have different names because they are for different questions. */
export interface Time {
  /**
   * Milliseconds since a fixed moment, which is another one in each process. It never goes back, whoever sets the machine's
   * time: everything that measures a duration or waits for a moment uses this one.
   */
  monotonicMs(): number;
  /** Milliseconds since 1970, for dates that people, files and other programs read. It jumps when the machine's time is set. */
  epochMs(): number;
}

/** Time and timers, passed in so that tests can move them by hand. Timers run on the monotonic clock. */
export interface Clock extends Time {
  /** Calls `action` once after `delayMs`; the returned function cancels it. */
  after(delayMs: number, action: () => void): () => void;
  /** Calls `action` every `periodMs` without keeping the process alive; the returned function stops it. */
  every(periodMs: number, action: () => void): () => void;
}

/**
 * The machine's clock. After a standstill of this process (a machine that slept, a core that was elsewhere) its timers are due before anything is read that
 * arrived meanwhile. So each is called one turn of the event loop later, and nobody is taken for silent whose message only was not read yet.
 */
export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  epochMs: () => Date.now(),
  after(delayMs, action) {
    let turn: NodeJS.Immediate | undefined;
    const timer = setTimeout(() => (turn = setImmediate(action)), delayMs);
    return () => {
      clearTimeout(timer);
      clearImmediate(turn);
    };
  },
  every(periodMs, action) {
    let turn: NodeJS.Immediate | undefined;
    const timer = setInterval(() => (turn = setImmediate(action)), periodMs);
    timer.unref();
    return () => {
      clearInterval(timer);
      clearImmediate(turn);
    };
  },
};

/** Resolves after `durationMs`, or at once when `signal` is aborted; never rejects. */
export function pause(clock: Clock, durationMs: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted === true) {
      resolve();
      return;
    }
    const end = (): void => {
      cancel();
      signal?.removeEventListener("abort", end);
      resolve();
    };
    const cancel = clock.after(Math.max(0, durationMs), end);
    signal?.addEventListener("abort", end);
  });
}

/** What `work` comes to; undefined where it takes longer than `limitMs`. It goes on then. */
export async function within<T>(clock: Clock, limitMs: number, work: Promise<T>): Promise<T | undefined> {
  const over = new AbortController();
  // A timer left running would keep the process for as long.
  const late = pause(clock, limitMs, over.signal).then(() => undefined);
  return await Promise.race([work, late]).finally(() => over.abort());
}

/** Calls `action` after `delayMs` and every `periodMs` from then on; the returned function stops it. */
export function repeat(
  clock: Pick<Clock, "after" | "every">,
  { delayMs, periodMs }: { readonly delayMs: number; readonly periodMs: number },
  action: () => void,
): () => void {
  let stop = clock.after(delayMs, () => {
    stop = clock.every(periodMs, action);
    action();
  });
  return () => stop();
}
