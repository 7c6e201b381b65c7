import type { LoadPlan } from "../plan/load-plan.ts";
import { BenchError } from "../errors.ts";
import type { StepReport } from "../load/run-step.ts";
import { startDrover } from "../servers/drover-server.ts";
import { type Candidate, candidateArgs } from "./candidate.ts";
import type { Score } from "./standings.ts";
import { type PlanRun, runPlan } from "../plan/run-plan.ts";

export interface MeasureOptions extends Pick<PlanRun, "apiKey" | "signal" | "onStep"> {
  /** The script of the `drover` command. */
  readonly bin: string;
  /** Arguments for `drover up` that are the same for all candidates: model, context. */
  readonly args: readonly string[];
  readonly plan: LoadPlan;
}

const LEAST_SUCCESS = 0.99;

/** Starts a Drover with the candidate's settings, puts the load on it once, and ends it. */
export async function measureCandidate(
  candidate: Candidate,
  round: number,
  options: MeasureOptions,
): Promise<Score | { readonly failure: string }> {
  const { plan, apiKey, signal, onStep } = options;
  try {
    const args = [...options.args, ...candidateArgs(candidate)];
    const drover = await startDrover({ bin: options.bin, args, signal });
    try {
      // Another seed in each round, the same for each candidate.
      const seeded = { ...plan, seed: plan.seed + round };
      const [step] = await runPlan(seeded, { url: drover.url, apiKey, signal, onStep, processes: drover.processes });
      return step === undefined ? { failure: "it was interrupted" } : scoreOf(step, plan);
    } finally {
      await drover.stop();
    }
  } catch (error) {
    if (error instanceof BenchError && error.code === "server_failed") return { failure: error.message };
    throw error;
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
