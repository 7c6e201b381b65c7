import type { LoadPlan } from "../plan/load-plan.ts";
import { createChatClient } from "../client/chat-client.ts";
import type { Clock } from "@drover/foundation/clock";
import { BenchError } from "../errors.ts";
import { runStep, type StepReport } from "../load/run-step.ts";
import { startDrover } from "../servers/drover-server.ts";
import { lookAtTarget } from "../plan/target.ts";
import { type Candidate, candidateArgs } from "./candidate.ts";
import type { Score } from "./standings.ts";
import type { StepProgress } from "../load/step-progress.ts";

export interface MeasureOptions {
  readonly bin: string;
  /** Arguments for `drover up` that are the same for all candidates: model, context. */
  readonly args: readonly string[];
  readonly plan: LoadPlan;
  readonly apiKey?: string | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly onStep?: ((progress: StepProgress) => void) | undefined;
}

const LEAST_SUCCESS = 0.99;

/** Starts a Drover with the candidate's settings, puts the load on it once, and ends it. */
export async function measureCandidate(
  candidate: Candidate,
  round: number,
  options: MeasureOptions,
): Promise<Score | { readonly failure: string }> {
  const { plan, clock, signal } = options;
  try {
    const args = [...options.args, ...candidateArgs(candidate)];
    const drover = await startDrover({ bin: options.bin, args, clock, signal });
    try {
      return scoreOf(await runOnce(drover, round, options), plan);
    } finally {
      await drover.stop();
    }
  } catch (error) {
    if (error instanceof BenchError && error.code === "server_failed") return { failure: error.message };
    throw error;
  }
}

async function runOnce(
  drover: Awaited<ReturnType<typeof startDrover>>,
  round: number,
  options: MeasureOptions,
): Promise<StepReport> {
  const { plan, clock, signal } = options;
  const [load] = plan.loads;
  if (load === undefined) throw new BenchError("bad_option", "--users names no number of users");
  const { apiKey } = options;
  const target = await lookAtTarget({ url: drover.url, apiKey, clock });
  const client = createChatClient({ ...plan, ...target, apiKey, clock });
  const startMs = clock.monotonicMs();
  try {
    return await runStep({
      ...plan,
      ...target,
      load,
      // Another seed in each round, the same for each candidate.
      seed: plan.seed + round,
      client,
      clock,
      signal,
      processes: () => drover.processes(),
      onRecorder: (recorder) =>
        options.onStep?.({ index: 0, steps: 1, load, startMs, recorder, responses: plan.responses }),
    });
  } finally {
    await client.close();
  }
}

function scoreOf({ counts, processes, slo }: StepReport, plan: LoadPlan): Score {
  return {
    tokensPerSecond: counts.tokensOutPerSecond,
    requestsPerSecond: counts.requestsPerSecond,
    responseP95Ms: counts.response.p95Ms,
    ttftP95Ms: counts.ttft.p95Ms,
    itlP95Ms: counts.itl.p95Ms,
    rssBytes: processes.reduce((sum, { maxRssBytes }) => sum + maxRssBytes, 0),
    unfit: unfitness(counts.successRate, Object.keys(counts.reasons), slo?.met, plan),
  };
}

function unfitness(
  successRate: number | null,
  reasons: readonly string[],
  met: boolean | undefined,
  plan: LoadPlan,
): string | undefined {
  if (successRate !== null && successRate < LEAST_SUCCESS) return `requests failed: ${reasons.join(", ")}`;
  return met === false ? `misses ${plan.slo?.text}` : undefined;
}
