import { type CostObserver, StepCostLearner } from "./step-cost-learner.ts";
import { roundMs } from "./step-cost-shape.ts";
import { type CostPoint, createStepCosts, type StepCosts } from "./step-costs.ts";

/**
 * A table of step costs for each number of threads. What asks for costs always gets those of the present number; where
 * that one was not measured, they are estimated from its neighbours.
 */
export class CostsByThreads implements CostObserver {
  readonly costs: StepCosts;
  readonly #onCorrected: (threads: number, points: readonly CostPoint[]) => void;
  readonly #measured = new Map<number, readonly CostPoint[]>();
  readonly #learners = new Map<number, StepCostLearner>();
  #threads: number;

  /** @param onCorrected live steps say that a table was wrong */
  constructor(threads: number, onCorrected: (threads: number, points: readonly CostPoint[]) => void) {
    this.#threads = threads;
    this.#onCorrected = onCorrected;
    const present = () => this.#present().costs;
    this.costs = {
      get points() {
        return present().points;
      },
      groupMs: (tokens) => present().groupMs(tokens),
      tokensWithin: (ms) => present().tokensWithin(ms),
    };
  }

  /** Steps are made with this many threads from now on. */
  use(threads: number): void {
    this.#threads = threads;
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

  isPlainTurn(): boolean {
    return this.#present().isPlainTurn();
  }

  see(step: Parameters<StepCostLearner["see"]>[0]): void {
    this.#present().see(step);
  }

  #present(): StepCostLearner {
    const threads = this.#threads;
    const known = this.#learners.get(threads);
    if (known !== undefined) return known;
    const measured = this.#measured.get(threads);
    const learner = new StepCostLearner(measured ?? estimateCosts(this.#measured, threads), (points) => {
      if (measured === undefined) return;
      this.#measured.set(threads, points);
      this.#onCorrected(threads, points);
    });
    this.#learners.set(threads, learner);
    return learner;
  }
}

/** Beyond the tables that are known a step's cost is taken to fall with the threads to this power: never quite in proportion. */
const SCALING = 0.9;

/** The table of a number of threads that was not measured: between two that were, by powers of the threads. At least one is known. */
export function estimateCosts(
  tables: ReadonlyMap<number, readonly CostPoint[]>,
  threads: number,
): readonly CostPoint[] {
  const counts = [...tables.keys()].toSorted((a, b) => a - b);
  const below = counts.findLast((count) => count <= threads);
  const above = counts.find((count) => count >= threads);
  const nearest = above ?? below;
  const points = nearest === undefined ? undefined : tables.get(nearest);
  if (nearest === undefined || points === undefined) throw new RangeError("no step costs are known");
  if (below === undefined || above === undefined) {
    return points.map(({ tokens, ms }) => ({ tokens, ms: roundMs(ms * (nearest / threads) ** SCALING) }));
  }
  if (below === above) return points;
  const slower = createStepCosts(tables.get(below) ?? []);
  const part = Math.log(above / threads) / Math.log(above / below);
  return points.map(({ tokens, ms }) => ({ tokens, ms: roundMs(ms * (slower.groupMs(tokens) / ms) ** part) }));
}
