import { systemClock } from "@drover/foundation/clock";
import { amountOf } from "./load/load.ts";
import type { StepReport } from "./load/run-step.ts";
import { notesOf } from "./load/step-notes.ts";
import { describeMachine, type Machine } from "./machine.ts";
import { judgeSlo, type SloVerdict } from "./plan/judge-slo.ts";
import { type LoadPlan, type LoadRequest, type PlanSettings, planLoad, settingsOf } from "./plan/load-plan.ts";
import { type PlanRun, runPlan } from "./plan/run-plan.ts";
import { type Target, type TargetOptions, tryPreset } from "./plan/target.ts";
import { seededRandom } from "./random.ts";
import { findKnee } from "./statistics/knee.ts";

export interface BenchOptions
  extends LoadRequest,
    TargetOptions,
    Pick<PlanRun, "processes" | "leastResponses" | "onStep"> {
  /** Ends the run; the report has what there is until then. */
  readonly signal?: AbortSignal | undefined;
  /** Ahead of the steps: what is measured, and where. */
  readonly onTarget?: ((target: Target, plan: LoadPlan) => void) | undefined;
}

export interface BenchReport {
  readonly kind: "bench";
  readonly startedAt: string;
  readonly machine: Machine;
  readonly target: { readonly url: string; readonly model: string };
  readonly preset: string;
  readonly settings: PlanSettings;
  readonly steps: readonly StepReport[];
  readonly slo: SloVerdict | undefined;
  /** Load beyond which more of it bought little throughput. */
  readonly knee: number | undefined;
  /** What a reader has to know to read the figures right. */
  readonly notes: readonly string[];
  readonly interrupted: boolean;
}

/**
 * Measures a target, one step of load after the other.
 * @throws BenchError `bad_option`, `target_unreachable`, `target_refuses`; failures during the steps are counted instead
 */
export async function runBench(options: BenchOptions): Promise<BenchReport> {
  const plan = planLoad(options);
  const { preset, slo } = plan;
  const startedAt = new Date(systemClock.epochMs()).toISOString();
  const { signal = new AbortController().signal } = options;
  let asked = { url: options.url, model: "" };
  const steps = await runPlan(plan, {
    ...options,
    signal,
    onTarget: async (target, client) => {
      asked = { url: target.url, model: target.model };
      await tryPreset(client, preset, { ...target, random: seededRandom(plan.seed) }, target.url);
      options.onTarget?.(target, plan);
    },
  });
  const points = steps.map(({ load, counts }) => ({ x: amountOf(load), y: counts.requestsPerSecond }));
  return {
    kind: "bench",
    startedAt,
    machine: describeMachine(),
    target: asked,
    preset: preset.name,
    settings: settingsOf(plan),
    steps,
    slo: slo === undefined ? undefined : judgeSlo(slo, steps),
    knee: findKnee(points.toSorted((a, b) => a.x - b.x)),
    notes: notesOf(steps, plan),
    interrupted: signal.aborted,
  };
}
