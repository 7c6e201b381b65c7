import type { Clock } from "@drover/foundation/clock";

/**
 * A response may wait so long for its grammar in all, and so much longer for each token that it has. So one that has a token a second goes on for as long
 * as it likes, and one whose tokens take ever longer ends, also where other processes leave the grammar's process little of the CPUs.
 */
const MOST_WAIT_MS = 30_000;
const TOKEN_EARNS_MS = 1_000;

/** One that has waited so long is slow; only a share of the slots may be. */
const SLOW_AFTER_MS = 5_000;

/** From then on it may wait so long, where no token comes. */
export const SLOW_FOR_MS = MOST_WAIT_MS - SLOW_AFTER_MS;

export interface PatienceEnds {
  /** May be called more than once. */
  readonly onSlow: () => void;
  readonly onOver: () => void;
}

/** How long the response of one request has waited for its grammar, by the clock and not by CPU time. */
export class GrammarPatience {
  readonly #clock: Clock;
  readonly #ends: PatienceEnds;
  #waitedMs = 0;

  constructor(clock: Clock, ends: PatienceEnds) {
    this.#clock = clock;
    this.#ends = ends;
  }

  /** The response waits until the returned function is called for the first time. */
  wait(): () => void {
    const sinceMs = this.#clock.monotonicMs();
    const after = (ms: number, action: () => void) => this.#clock.after(Math.max(0, ms - this.#waitedMs), action);
    const stops = [after(SLOW_AFTER_MS, this.#ends.onSlow), after(MOST_WAIT_MS, this.#ends.onOver)];
    let waits = true;
    return () => {
      for (const stop of stops) stop();
      if (waits) this.#waitedMs += this.#clock.monotonicMs() - sinceMs;
      waits = false;
    };
  }

  earn(): void {
    this.#waitedMs = Math.max(0, this.#waitedMs - TOKEN_EARNS_MS);
  }
}
