import type { SeenStep } from "./step-cost-learner.ts";

/** Steps with all threads must be slower than the table of fewer says by this factor: below is what a busy machine costs both. */
const PATIENCE = 1.5;

/** Attention over the tokens that the sequences hold is not in the tables; so many of them may double a step. */
const DOUBLING_DEPTH = 1000;

/** So many slow steps in a row are no accident … */
const SLOW_STEPS = 4;

/**
 * … and half as many are none that are slower by this factor: a thread waits at a barrier for another process to give up its
 * CPU. A single one may be a moment in which the entire machine stood still.
 */
const HOPELESS = 4;

/** Time with fewer threads before all are tried again; doubled by each trial that fails. */
const FIRST_REST_MS = 2000;
const LONGEST_REST_MS = 240_000;

/**
 * Watches whether all threads are worth it. Where another process computes on a CPU of theirs, the others wait for the
 * one there at every barrier, and a step may take a hundred times as long as with one thread that nobody waits for.
 */
export class ThreadTrial {
  #slow = 0;
  #restedMs = 0;
  #restMs = FIRST_REST_MS;

  /** The CPUs are others now: all threads are tried at once. */
  reset(): void {
    this.#slow = 0;
    this.#restedMs = 0;
    this.#restMs = FIRST_REST_MS;
  }

  /** @returns the threads to continue with */
  see(
    step: SeenStep,
    choice: {
      readonly most: number;
      readonly present: number;
      /** Smaller numbers whose costs are known. */
      readonly fewer: readonly number[];
      readonly msWith: (threads: number) => number;
    },
  ): number {
    const { most, present, fewer, msWith } = choice;
    if (present < most) {
      this.#restedMs += (step.pausedMs ?? 0) + step.ms;
      return this.#restedMs < this.#restMs ? present : most;
    }
    const best = fewer.reduce<number | undefined>(
      (best, threads) => (best === undefined || msWith(threads) < msWith(best) ? threads : best),
      undefined,
    );
    if (best === undefined) return present;
    const limitMs = PATIENCE * msWith(best) * (1 + step.depth / DOUBLING_DEPTH);
    if (step.ms <= limitMs) {
      this.#slow = 0;
      if (this.#restedMs === 0) this.#restMs = FIRST_REST_MS;
      this.#restedMs = 0;
      return present;
    }
    this.#slow += step.ms < HOPELESS * limitMs ? 1 : 2;
    if (this.#slow < SLOW_STEPS) return present;
    this.#slow = 0;
    if (this.#restedMs > 0) this.#restMs = Math.min(LONGEST_REST_MS, 2 * this.#restMs);
    this.#restedMs = 0;
    return best;
  }
}
