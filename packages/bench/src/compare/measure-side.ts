import type { Clock } from "@drover/foundation/clock";
import type { LoadPlan } from "../plan/load-plan.ts";
import { createChatClient } from "../client/chat-client.ts";
import { runStep, type StepReport } from "../load/run-step.ts";
import { lookAtTarget } from "../plan/target.ts";
import { leastDisturbed } from "./least-disturbed.ts";
import type { Side } from "../sides/side.ts";
import type { StepProgress } from "../load/step-progress.ts";
import type { Load } from "../load/load.ts";

export interface SideMeasurement {
  /** Sent to every side. */
  readonly apiKey?: string | undefined;
  /** A window grows until so many requests have ended in it, at most tenfold. @default 10, or what `responses` says */
  readonly leastResponses?: number | undefined;
  /** How often a step is measured again where other processes took part of the machine. @default 0 */
  readonly retries?: number | undefined;
  readonly signal: AbortSignal;
  readonly onSide?: ((line: string) => void) | undefined;
  readonly onStep?: ((progress: StepProgress) => void) | undefined;
}

export interface SideRound extends SideMeasurement {
  readonly plan: LoadPlan;
  readonly clock: Clock;
  readonly round: number;
}

export const LEAST_RESPONSES = 10;
/** Questions of a repeated step must be new to the server, and so must not be those of another round. */
const SEED_OF_RETRY = 1000;

/** Starts the side, puts every load of the plan on it, one after the other, and ends it. */
export async function measureSide(side: Side, options: SideRound): Promise<readonly StepReport[]> {
  const { plan, apiKey, clock, signal } = options;
  const running = await side.start(signal);
  const target = await lookAtTarget({ url: running.url, apiKey, clock });
  const client = createChatClient({ ...plan, ...target, apiKey, clock });
  const steps: StepReport[] = [];
  try {
    for (const [index, load] of plan.loads.entries()) {
      if (signal.aborted) break;
      const step = await leastDisturbed({ ...options, load }, (retry) => {
        const onRecorder = progressOf(options, load, index);
        const leastResponses = options.leastResponses ?? LEAST_RESPONSES;
        // Another seed in each round, the same for each side.
        const seed = plan.seed + options.round + retry * SEED_OF_RETRY;
        const context = { ...plan, ...target, seed, load, client, clock, signal, leastResponses, onRecorder };
        return runStep({ ...context, processes: () => running.processes() });
      });
      // Interrupted while warming up: there is nothing in it, and zeros would look like a result.
      if (step.counts.windowMs > 0) steps.push(step);
    }
  } finally {
    await client.close();
    await running.stop();
  }
  return steps;
}

function progressOf({ plan, clock, onStep }: SideRound, load: Load, index: number) {
  const startMs = clock.monotonicMs();
  const { loads, responses } = plan;
  return (recorder: StepProgress["recorder"]) =>
    onStep?.({ index, steps: loads.length, load, startMs, recorder, responses });
}
