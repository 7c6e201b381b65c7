import type { Load } from "../load/load.ts";
import type { StepReport } from "../load/run-step.ts";
import type { Machine } from "../machine.ts";
import type { PlanSettings } from "../plan/load-plan.ts";
import type { Interval } from "../statistics/bootstrap.ts";
import type { WorkerLayout } from "../sides/side.ts";

/** One side in one round. */
export interface CompareRound {
  readonly side: string;
  readonly round: number;
  readonly steps: readonly StepReport[];
}

export interface CompareReport {
  readonly kind: "compare";
  readonly startedAt: string;
  readonly machine: Machine;
  readonly preset: string;
  readonly settings: PlanSettings;
  readonly layout: readonly WorkerLayout[];
  readonly sides: readonly { readonly name: string; readonly doc: string }[];
  readonly rounds: readonly CompareRound[];
  /** Drover's figure over the other side's. */
  readonly ratios: readonly CompareRatio[];
  readonly notes: readonly string[];
  readonly interrupted: boolean;
}

/** One metric at one load: the base's figure over another side's. */
export interface CompareRatio {
  readonly other: string;
  /** Undefined: over all loads, as a geometric mean. */
  readonly load: Load | undefined;
  readonly metric: string;
  /** Undefined where a side had no such figure in some round, nor a bound of it. */
  readonly ratio: Interval | undefined;
  /** Where the other side served nothing in some round: its best case was taken, and the ratio is a bound. */
  readonly bound: "at least" | "at most" | undefined;
}
