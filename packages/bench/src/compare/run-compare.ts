import { systemClock } from "@drover/foundation/clock";
import { BenchError } from "../errors.ts";
import type { StepReport } from "../load/run-step.ts";
import { describeMachine } from "../machine.ts";
import { type LoadPlan, type LoadRequest, planLoad, settingsOf } from "../plan/load-plan.ts";
import { type PlanRun, runPlan } from "../plan/run-plan.ts";
import { createSchedule } from "../plan/schedule.ts";
import { foreignSides, ownSides, type SideOptions, tryOnce, wantedLlamaServer } from "../sides/choose-sides.ts";
import { readLayout } from "../sides/read-layout.ts";
import type { DroverLayout, Side } from "../sides/side.ts";
import type { CompareReport, CompareRound } from "./compare-report.ts";
import { compareNotes } from "./notes.ts";
import { ratiosOf } from "./ratios.ts";

export interface CompareOptions extends LoadRequest, SideOptions, Pick<PlanRun, "retries" | "onStep"> {
  /** @default 3 */
  readonly rounds?: number | undefined;
  /** A window grows until so many requests have ended in it, at most tenfold. @default 10, or what `responses` says */
  readonly leastResponses?: number | undefined;
}

const DEFAULT_ROUNDS = 3;
const LEAST_RESPONSES = 10;

/**
 * Measures Drover and other set-ups with the same load in interleaved rounds: one side runs at a time, each round takes
 * all sides, and each begins with another one, so that a machine that warms up or slows down favours none. All responses
 * have the length that their request asks for: sides whose model ends its responses sooner would look faster.
 * @throws BenchError `bad_option`, `server_failed`
 */
export async function runCompare(options: CompareOptions): Promise<CompareReport> {
  const plan = planLoad({ ...options, ignoreEndOfText: true });
  const startedAt = new Date(systemClock.epochMs()).toISOString();
  checkCounts(options);
  const llamaServer = wantedLlamaServer(options);
  options.onSide?.("starting Drover once to see how it lays out its workers");
  const layout = await readLayout(options);
  checkContext(plan, layout);
  const opponents = await foreignSides(options, llamaServer, layout);
  const sides = [...ownSides(options, layout), ...opponents];
  await tryOnce(opponents, options);
  const rounds = await runRounds(sides, plan, options);
  const settings = settingsOf(plan);
  return {
    kind: "compare",
    startedAt,
    machine: describeMachine(),
    preset: plan.preset.name,
    settings,
    layout: layout.workers,
    sides: sides.map(({ name, doc }) => ({ name, doc })),
    rounds,
    ratios: ratiosOf(rounds),
    notes: compareNotes(rounds, settings),
    interrupted: options.signal.aborted,
  };
}

function checkCounts({ rounds = DEFAULT_ROUNDS, leastResponses = LEAST_RESPONSES, retries = 0 }: CompareOptions): void {
  if (!Number.isInteger(rounds) || rounds < 1)
    throw new BenchError("bad_option", `--rounds: ${rounds} is no whole number of at least 1`);
  for (const [option, value] of Object.entries({ "--least-responses": leastResponses, "--retries": retries })) {
    if (!Number.isInteger(value) || value < 0)
      throw new BenchError("bad_option", `${option}: ${value} is no whole number`);
  }
}

/** Every side has Drover's context; prompts that do not fit would be refused for as long as the rounds take. */
function checkContext({ preset }: LoadPlan, { contextTokens }: DroverLayout): void {
  const { leastContextTokens = 0, name } = preset;
  if (contextTokens >= leastContextTokens) return;
  throw new BenchError(
    "bad_option",
    `the preset ${name} needs ${leastContextTokens} tokens of context, and a slot has ${contextTokens}: give --ctx ${leastContextTokens} or more`,
  );
}

async function runRounds(
  sides: readonly Side[],
  plan: LoadPlan,
  options: CompareOptions,
): Promise<readonly CompareRound[]> {
  const roundCount = options.rounds ?? DEFAULT_ROUNDS;
  const schedule = createSchedule(plan, roundCount * sides.length);
  const rounds: CompareRound[] = [];
  for (let round = 0; round < roundCount; round += 1) {
    for (const side of rotate(sides, round)) {
      if (options.signal.aborted) break;
      options.onSide?.(`round ${round + 1} of ${roundCount}: ${side.name} (${schedule.left()})`);
      // Another seed in each round, the same for each side.
      const seeded = { ...plan, seed: plan.seed + round };
      const steps = await measureSide(side, seeded, options).catch((error: unknown) => {
        // Ctrl-C ends the servers as well; what was measured before is still worth its report.
        if (options.signal.aborted) return [];
        throw error;
      });
      schedule.done();
      rounds.push({ side: side.name, round, steps });
    }
  }
  return rounds;
}

/** Starts the side, puts the plan on it, and ends it. */
async function measureSide(side: Side, plan: LoadPlan, options: CompareOptions): Promise<readonly StepReport[]> {
  const { apiKey, leastResponses = LEAST_RESPONSES, retries, signal, onSide, onStep } = options;
  const { url, processes, stop } = await side.start(signal);
  try {
    const run = { url, apiKey, processes, leastResponses, retries, signal };
    return await runPlan(plan, { ...run, onRetry: onSide, onStep });
  } finally {
    await stop();
  }
}

function rotate<T>(all: readonly T[], by: number): readonly T[] {
  const at = all.length === 0 ? 0 : by % all.length;
  return [...all.slice(at), ...all.slice(0, at)];
}
