import { amountOf } from "../load/load.ts";
import type { StepReport } from "../load/run-step.ts";
import type { Slo } from "../load/slo.ts";

/** How much load meets the target. */
export interface SloVerdict {
  readonly text: string;
  /** The largest step such that it and all smaller ones meet the target; null: none does. */
  readonly carries: number | null;
  readonly unit: "users" | "requests/s";
  /** The next step was measured too and missed; otherwise the true limit lies above what was measured. */
  readonly limitFound: boolean;
}

/** Judges steps of any order; a step that misses ends the count even if a larger one meets the target by chance. */
export function judgeSlo(slo: Slo, steps: readonly StepReport[]): SloVerdict {
  const ordered = steps
    .map((step) => ({
      amount: amountOf(step.load),
      met: step.slo?.met === true,
    }))
    .toSorted((a, b) => a.amount - b.amount);
  const miss = ordered.findIndex((step) => !step.met);
  const met = miss === -1 ? ordered : ordered.slice(0, miss);
  return {
    text: slo.text,
    carries: met.at(-1)?.amount ?? null,
    unit: steps.some((step) => "perSecond" in step.load) ? "requests/s" : "users",
    limitFound: miss !== -1,
  };
}
