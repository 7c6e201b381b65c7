import { correctedCosts } from "./step-cost-shape.ts";
import { type CostPoint, createStepCosts, roundMs, type StepCosts } from "@drover/contract/step-costs";

/** Sequences `first` … `last`, which llama.cpp computes together. */
export interface Group {
  readonly first: number;
  readonly last: number;
}

/** Steps of a size that are looked at: the latest. */
const KEPT_STEPS = 32;

/** Fewer say nothing. */
const LEAST_STEPS = 8;

/** Steps after which one is forgotten: it met another load. */
const MOST_AGE_STEPS = 4096;

/** The share of a size's steps that were quicker than its cost: low, since other processes can only add. */
const QUANTILE = 0.25;

/** How often the table is looked at. */
const CHECK_EVERY_STEPS = 256;

/** A size that plans avoid would never be seen: so often it runs all the same. Costs less than a hundredth. */
const PLAIN_EVERY = 64;

/** Beyond, attention takes a share of a step that the table, measured with empty sequences, does not have. */
const LARGEST_DEPTH = 512;

interface Seen {
  readonly step: number;
  readonly ms: number;
}

/** A step of one token a sequence, without prompts. */
export interface SeenStep {
  readonly groups: readonly Group[];
  readonly ms: number;
  /** Tokens that its sequences hold on average. */
  readonly depth: number;
  /** Since the step before it: the time that prompts took. @default 0 */
  readonly pausedMs?: number;
}

/** What the batch loop tells of its steps. */
export type CostObserver = Pick<StepCostLearner, "isPlainTurn" | "see">;

/** The step costs that plans are made by, corrected by what steps really take. */
export class StepCostLearner {
  /** Always the latest. */
  readonly costs: StepCosts;
  readonly #onCorrected: (points: readonly CostPoint[]) => void;
  readonly #seen = new Map<number, Seen[]>();
  #table: StepCosts;
  #steps = 0;
  #changed = 0;

  constructor(measured: readonly CostPoint[], onCorrected: (points: readonly CostPoint[]) => void) {
    this.#table = createStepCosts(measured);
    this.#onCorrected = onCorrected;
    const table = () => this.#table;
    this.costs = {
      get points() {
        return table().points;
      },
      get tileTokens() {
        return table().tileTokens;
      },
      groupMs: (tokens) => this.#table.groupMs(tokens),
      tokensWithin: (ms) => this.#table.tokensWithin(ms),
    };
  }

  /** Asked for each step that a plan changes: is it this one's turn to run as it is? */
  isPlainTurn(): boolean {
    this.#changed += 1;
    return this.#changed % PLAIN_EVERY === 0;
  }

  /** Only steps of groups of one size say what that size costs. */
  see(step: SeenStep): void {
    const sizes = new Set(step.groups.map(({ first, last }) => last - first + 1));
    const [size] = sizes;
    if (size === undefined || sizes.size > 1 || step.depth > LARGEST_DEPTH) return;
    this.#steps += 1;
    const seen = this.#seen.get(size) ?? [];
    this.#seen.set(size, [...seen.slice(1 - KEPT_STEPS), { step: this.#steps, ms: step.ms / step.groups.length }]);
    if (this.#steps % CHECK_EVERY_STEPS === 0) this.#check();
  }

  #check(): void {
    const corrected = correctedCosts(this.#table.points, this.#lows());
    if (corrected === undefined) return;
    this.#table = createStepCosts(corrected);
    this.#onCorrected(corrected);
  }

  #lows(): readonly CostPoint[] {
    return [...this.#seen].flatMap(([tokens, all]) => {
      const recent = all.filter(({ step }) => this.#steps - step < MOST_AGE_STEPS).map(({ ms }) => ms);
      const low = recent.toSorted((a, b) => a - b)[Math.floor(QUANTILE * recent.length)];
      return recent.length < LEAST_STEPS || low === undefined ? [] : [{ tokens, ms: roundMs(low) }];
    });
  }
}
