/** Time, passed in so that tests can turn it by hand. */
export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Calls `then` once after `delayMs`; the returned function calls it off. */
  after(delayMs: number, then: () => void): () => void;
  /** Calls `then` every `periodMs` without keeping the process alive; the returned function ends it. */
  every(periodMs: number, then: () => void): () => void;
}

/**
 * The machine's clock. After a standstill of this process (a machine that slept, a core that was elsewhere) its timers are due before anything is read that
 * came meanwhile: so each is called one turn of the loop later, and nobody is taken for silent who only was not heard yet.
 */
export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, then) {
    let turn: NodeJS.Immediate | undefined;
    const timer = setTimeout(() => (turn = setImmediate(then)), delayMs);
    return () => {
      clearTimeout(timer);
      clearImmediate(turn);
    };
  },
  every(periodMs, then) {
    let turn: NodeJS.Immediate | undefined;
    const timer = setInterval(() => (turn = setImmediate(then)), periodMs);
    timer.unref();
    return () => {
      clearInterval(timer);
      clearImmediate(turn);
    };
  },
};

/** Resolves after `delayMs`. */
export function pause(clock: Clock, delayMs: number): Promise<void> {
  return new Promise((resolve) => void clock.after(delayMs, resolve));
}

/** Uniform in [0, 1). */
export const systemRandom = (): number => Math.random();
