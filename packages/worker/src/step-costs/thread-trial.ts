import type { StepCostLearner } from "./step-cost-learner.ts";

/** A step of one token a sequence, as the batch loop tells of it. */
export type SeenStep = Parameters<StepCostLearner["see"]>[0];

/** Steps with all threads must be slower than the table of fewer says by this factor: below is what a busy machine costs both. */
const PATIENCE = 1.5;

/** Attention over the tokens that the sequences hold is not in the tables; so many of them may double a step. */
const DOUBLING_DEPTH = 1000;

/** So many slow steps in a row are no accident … */
const SLOW_STEPS = 4;

/**
 * … and half as many are none that are slower by this factor: a thread waits at a barrier for another process to give up its
 * CPU. A single one may be a moment in which the whole machine stood still.
 */
const HOPELESS = 4;

/** Steps with fewer threads before all are tried again; doubled by each trial that fails. */
const FIRST_REST_STEPS = 16;
const LONGEST_REST_STEPS = 4096;

/**
 * Watches whether all threads are worth it. Where another process computes on a CPU of theirs, the others wait for the
 * one there at every barrier, and a step may take a hundred times as long as with one thread that nobody waits for.
 */
export class ThreadTrial {
  #slow = 0;
  #resting = 0;
  #restSteps = FIRST_REST_STEPS;

  /** The CPUs are others now: all threads are tried at once. */
  reset(): void {
    this.#slow = 0;
    this.#resting = 0;
    this.#restSteps = FIRST_REST_STEPS;
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
      this.#resting += 1;
      return this.#resting < this.#restSteps ? present : most;
    }
    const best = fewer.reduce<number | undefined>(
      (best, threads) => (best === undefined || msWith(threads) < msWith(best) ? threads : best),
      undefined,
    );
    if (best === undefined) return present;
    const limitMs = PATIENCE * msWith(best) * (1 + step.depth / DOUBLING_DEPTH);
    if (step.ms <= limitMs) {
      this.#slow = 0;
      if (this.#resting === 0) this.#restSteps = FIRST_REST_STEPS;
      this.#resting = 0;
      return present;
    }
    this.#slow += step.ms < HOPELESS * limitMs ? 1 : 2;
    if (this.#slow < SLOW_STEPS) return present;
    this.#slow = 0;
    if (this.#resting > 0) this.#restSteps = Math.min(LONGEST_REST_STEPS, 2 * this.#restSteps);
    this.#resting = 0;
    return best;
  }
}
