import { setMaxListeners } from "node:events";
import { type LoadPlan, type LoadRequest, planLoad, type TargetRequest } from "./plan/load-plan.ts";
import { createChatClient } from "./client/chat-client.ts";
import type { ChatClient } from "./client/exchange.ts";
import { type Clock, systemClock } from "@drover/foundation/clock";
import { findKnee } from "./statistics/knee.ts";
import { runStep, type StepReport } from "./load/run-step.ts";
import type { Recorder } from "./load/recorder.ts";
import { describeMachine, type Machine } from "./machine.ts";
import { notesOf } from "./load/step-notes.ts";
import { seededRandom } from "./random.ts";
import { judgeSlo, type SloVerdict } from "./plan/judge-slo.ts";
import { lookAtTarget, type Target, tryPreset } from "./plan/target.ts";
import type { StepProgress } from "./load/step-progress.ts";
import { amountOf } from "./load/load.ts";

export interface BenchOptions extends LoadRequest, TargetRequest {
  /** Closed loop: a step grows until so many requests have ended in it, at most tenfold. @default it is as long as planned */
  readonly leastResponses?: number | undefined;
  /** Ends the run; the report has what there is until then. */
  readonly signal?: AbortSignal | undefined;
  readonly onStep?: ((progress: StepProgress) => void) | undefined;
  /** Ahead of the steps: what is measured, and where. */
  readonly onTarget?: ((target: Target, plan: LoadPlan) => void) | undefined;
  readonly clock?: Clock | undefined;
}

export interface BenchReport {
  readonly kind: "bench";
  readonly startedAt: string;
  readonly machine: Machine;
  readonly target: { readonly url: string; readonly model: string };
  readonly preset: string;
  readonly settings: Omit<LoadPlan, "preset" | "loads" | "slo" | "extra">;
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
  const clock = options.clock ?? systemClock;
  const startedAt = new Date(clock.epochMs()).toISOString();
  const target = await lookAtTarget({ ...options, clock });
  const client = createChatClient({ ...options, ...plan, ...target, clock });
  try {
    await tryPreset(client, plan.preset, { ...target, random: seededRandom(plan.seed) }, target.url);
    options.onTarget?.(target, plan);
    const steps = await runSteps(options, plan, target, client, clock);
    return reportOf(plan, target, steps, startedAt, options.signal?.aborted === true);
  } finally {
    await client.close();
  }
}

async function runSteps(options: BenchOptions, plan: LoadPlan, target: Target, client: ChatClient, clock: Clock) {
  const signal = options.signal ?? new AbortController().signal;
  setMaxListeners(0, signal);
  const steps: StepReport[] = [];
  for (const [index, load] of plan.loads.entries()) {
    if (signal.aborted) break;
    const startMs = clock.monotonicMs();
    const onRecorder = (recorder: Recorder) =>
      options.onStep?.({ index, steps: plan.loads.length, load, startMs, recorder, responses: plan.responses });
    const { processes, leastResponses } = options;
    const step = await runStep({
      ...plan,
      ...target,
      load,
      client,
      clock,
      signal,
      processes,
      leastResponses,
      onRecorder,
    });
    // Interrupted while warming up: there is nothing in it, and zeros would look like a result.
    if (step.counts.windowMs > 0) steps.push(step);
  }
  return steps;
}

function reportOf(
  plan: LoadPlan,
  target: Target,
  steps: readonly StepReport[],
  startedAt: string,
  interrupted: boolean,
): BenchReport {
  const { preset, loads: _loads, slo, extra: _extra, ...settings } = plan;
  const points = steps.map(({ load, counts }) => ({
    x: amountOf(load),
    y: counts.requestsPerSecond,
  }));
  return {
    kind: "bench",
    startedAt,
    machine: describeMachine(),
    target: { url: target.url, model: target.model },
    preset: preset.name,
    settings,
    steps,
    slo: slo === undefined ? undefined : judgeSlo(slo, steps),
    knee: findKnee(points.toSorted((a, b) => a.x - b.x)),
    notes: notesOf(steps, plan),
    interrupted,
  };
}
