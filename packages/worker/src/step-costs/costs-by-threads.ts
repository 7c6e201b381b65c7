import { type CostObserver, type SeenStep, StepCostLearner } from "./step-cost-learner.ts";
import { type CostPoint, createStepCosts, estimateCosts, type StepCosts } from "@drover/contract/step-costs";
import { ThreadTrial } from "./thread-trial.ts";

export interface CostsByThreadsParts {
  /** Threads at first. */
  readonly threads: number;
  /** Steps are to be made with this many threads from now on. */
  readonly onThreads: (threads: number) => void;
  /** Live steps say that a table was wrong. */
  readonly onCorrected: (threads: number, points: readonly CostPoint[]) => void;
}

/**
 * A table of step costs for each number of threads, and the number of threads that is best for the CPUs at hand: all of
 * them, unless fewer are quicker by the tables, or by what steps take right now. What asks for costs always gets
 * those of the present number; where that one was not measured, they are estimated from its neighbours.
 */
export class CostsByThreads implements CostObserver {
  readonly costs: StepCosts;
  readonly #parts: CostsByThreadsParts;
  readonly #measured = new Map<number, readonly CostPoint[]>();
  readonly #learners = new Map<number, StepCostLearner>();
  readonly #trial = new ThreadTrial();
  #held: number;
  #threads: number;

  constructor(parts: CostsByThreadsParts) {
    this.#parts = parts;
    this.#held = parts.threads;
    this.#threads = parts.threads;
    const present = () => this.#present().costs;
    this.costs = {
      get points() {
        return present().points;
      },
      get tileTokens() {
        return present().tileTokens;
      },
      groupMs: (tokens) => present().groupMs(tokens),
      tokensWithin: (ms) => present().tokensWithin(ms),
    };
  }

  /** Threads that steps are made with. */
  get threads(): number {
    return this.#threads;
  }

  /** So many CPUs may be computed on from now on; between two steps, and before the first one. */
  hold(cpus: number): void {
    this.#held = cpus;
    this.#trial.reset();
    this.#use(bestThreads(this.#measured, cpus));
  }

  /** At least one table has to be known before costs are asked for. */
  know(threads: number, points: readonly CostPoint[]): void {
    this.#measured.set(threads, points);
    // Estimates of other numbers rest on the tables that are known.
    for (const other of this.#learners.keys()) if (!this.#measured.has(other)) this.#learners.delete(other);
    this.#learners.delete(threads);
  }

  measured(threads: number): readonly CostPoint[] | undefined {
    return this.#measured.get(threads);
  }

  /** Whether fewer threads are quicker by the tables. */
  isDoubtful(threads: number): boolean {
    return bestThreads(this.#measured, threads) < threads;
  }

  isPlainTurn(): boolean {
    return this.#present().isPlainTurn();
  }

  see(step: SeenStep): void {
    this.#present().see(step);
    const most = bestThreads(this.#measured, this.#held);
    const known = [...this.#measured.keys()].filter((threads) => threads < most);
    // An estimate will do: a step that waits for another process is slower by far.
    const fewer = known.length === 0 && most > 1 ? [Math.floor(most / 2)] : known;
    const wanted = this.#trial.see(step, {
      most,
      present: this.#threads,
      fewer,
      msWith: (threads) => this.#ms(step, threads),
    });
    if (wanted !== this.#threads) this.#use(wanted);
  }

  #ms({ groups }: SeenStep, threads: number): number {
    const { costs } = this.#learnerOf(threads);
    return groups.reduce((sum, { first, last }) => sum + costs.groupMs(last - first + 1), 0);
  }

  #use(threads: number): void {
    this.#threads = threads;
    this.#parts.onThreads(threads);
  }

  #present(): StepCostLearner {
    return this.#learnerOf(this.#threads);
  }

  #learnerOf(threads: number): StepCostLearner {
    const known = this.#learners.get(threads);
    if (known !== undefined) return known;
    const measured = this.#measured.get(threads);
    const learner = new StepCostLearner(measured ?? estimateCosts(this.#measured, threads), (points) => {
      if (measured === undefined) return;
      this.#measured.set(threads, points);
      this.#parts.onCorrected(threads, points);
    });
    this.#learners.set(threads, learner);
    return learner;
  }
}

/** Fewer threads than CPUs must be quicker by this, or the tables differ by noise. */
const LEAST_ADVANTAGE = 0.95;

/** The number of threads whose steps are the quickest: small models lose more at the barriers between threads than they gain. */
function bestThreads(tables: ReadonlyMap<number, readonly CostPoint[]>, cpus: number): number {
  const full = tables.get(cpus);
  if (full === undefined) return cpus;
  let [best, leastShare] = [cpus, 1];
  for (const [threads, points] of tables) {
    if (threads >= cpus) continue;
    const costs = createStepCosts(points);
    const share = full.reduce((sum, { tokens, ms }) => sum + costs.groupMs(tokens) / ms, 0) / full.length;
    if (share < leastShare * LEAST_ADVANTAGE) [best, leastShare] = [threads, share];
  }
  return best;
}
