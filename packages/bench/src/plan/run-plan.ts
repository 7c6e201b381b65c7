import { systemClock } from "@drover/foundation/clock";
import { createChatClient } from "../client/chat-client.ts";
import type { ChatClient } from "../client/exchange.ts";
import type { Load } from "../load/load.ts";
import type { Recorder } from "../load/recorder.ts";
import { runStep, type StepOptions, type StepReport } from "../load/run-step.ts";
import { leastDisturbed, type RetryOptions } from "./least-disturbed.ts";
import type { LoadPlan } from "./load-plan.ts";
import { lookAtTarget, type Target, type TargetOptions } from "./target.ts";

/** A step under way, for a progress bar. */
export interface StepProgress {
  readonly index: number;
  readonly steps: number;
  readonly load: Load;
  readonly startMs: number;
  readonly recorder: Recorder;
  /** The window ends with so many responses; undefined: by the clock. */
  readonly responses: number | undefined;
}

export interface PlanRun
  extends TargetOptions,
    Omit<RetryOptions, "load">,
    Pick<StepOptions, "processes" | "leastResponses"> {
  /** Ahead of the steps. */
  readonly onTarget?: ((target: Target, client: ChatClient) => Promise<void>) | undefined;
  readonly onStep?: ((progress: StepProgress) => void) | undefined;
}

/** Questions of a repeated step must be new to the server, and so must not be those of another round. */
const SEED_OF_RETRY = 1000;

/**
 * Puts the loads of a plan on a server, one after the other.
 * @throws BenchError as {@link lookAtTarget}; failures during the steps are counted instead
 */
export async function runPlan(plan: LoadPlan, run: PlanRun): Promise<readonly StepReport[]> {
  const { signal, processes, leastResponses } = run;
  const target = await lookAtTarget(run);
  const client = createChatClient({ ...plan, ...target, apiKey: run.apiKey, clock: systemClock });
  const steps: StepReport[] = [];
  try {
    await run.onTarget?.(target, client);
    for (const [index, load] of plan.loads.entries()) {
      if (signal.aborted) break;
      const step = await leastDisturbed({ ...run, load }, (retry) => {
        const progress = {
          index,
          steps: plan.loads.length,
          load,
          startMs: systemClock.monotonicMs(),
          responses: plan.responses,
        };
        const seed = plan.seed + retry * SEED_OF_RETRY;
        const context = {
          ...plan,
          ...target,
          seed,
          load,
          client,
          clock: systemClock,
          signal,
          processes,
          leastResponses,
        };
        return runStep({ ...context, onRecorder: (recorder) => run.onStep?.({ ...progress, recorder }) });
      });
      // Interrupted while warming up: there is nothing in it, and zeros would look like a result.
      if (step.counts.windowMs > 0) steps.push(step);
    }
  } finally {
    await client.close();
  }
  return steps;
}
