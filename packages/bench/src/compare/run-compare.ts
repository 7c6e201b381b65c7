import { availableParallelism } from "node:os";
import { type LoadPlan, type LoadRequest, planLoad } from "../bench-options.ts";
import { createChatClient } from "../client/chat-client.ts";
import { type Clock, systemClock } from "@drover/foundation/clock";
import { BenchError } from "../errors.ts";
import { type Load, runStep, type StepReport } from "../load/run-step.ts";
import { describeMachine, type Machine } from "../machine.ts";
import { notesOf, stepNotes } from "../notes.ts";
import type { StepProgress } from "../run-bench.ts";
import { lookAtTarget } from "../target.ts";
import { type CompareRatio, ratiosOf } from "./ratios.ts";
import { findLlamaServer, llamaServerSide, readLlamaServerBuild } from "./llama-server.ts";
import { readLayout } from "./read-layout.ts";
import { commandSide, droverSide, handMadeSide, pinnedSide } from "./sides.ts";
import type { DroverLayout, Side, WorkerLayout } from "./side.ts";

export interface CompareOptions extends LoadRequest {
  /** The script of the `drover` command. */
  readonly bin: string;
  /** Words that both `drover up` and `drover worker` take: model, context. */
  readonly workerWords: readonly string[];
  /** Words for `drover up` alone: workers, policy. */
  readonly upWords: readonly string[];
  /** Commands of further sides. */
  readonly against: readonly string[];
  /** Sent to every side. */
  readonly apiKey?: string | undefined;
  /** Which of the known set-ups take part; `none`: none of them. @default both of nginx, and llama-server where there is one */
  readonly only?: readonly string[] | undefined;
  /** The program of the side `llama-server`. @default the one in PATH */
  readonly llamaServer?: string | undefined;
  /** Further arguments for it, one side each. @default one side without any */
  readonly llamaServerArgs?: readonly string[] | undefined;
  /** The file of the model that Drover serves, once it is there. */
  readonly modelFile: () => Promise<string | undefined>;
  /** A window grows until so many requests have ended in it, at most tenfold. @default 10 */
  readonly leastAnswers?: number | undefined;
  /** @default 3 */
  readonly rounds?: number | undefined;
  readonly signal: AbortSignal;
  readonly onSide?: ((line: string) => void) | undefined;
  readonly onStep?: ((progress: StepProgress) => void) | undefined;
  readonly clock?: Clock | undefined;
}

const DEFAULT_ROUNDS = 3;
const LEAST_ANSWERS = 10;

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
  readonly layout: readonly WorkerLayout[];
  readonly sides: readonly { readonly name: string; readonly doc: string }[];
  readonly rounds: readonly CompareRound[];
  /** Drover's figure over the other side's. */
  readonly ratios: readonly CompareRatio[];
  readonly notes: readonly string[];
  readonly interrupted: boolean;
}

/**
 * Measures Drover and other set-ups with the same load in interleaved rounds: one side runs at a time, each round takes
 * all sides, and each begins with another one, so that a machine that warms up or slows down favours none.
 * @throws BenchError `bad_option`, `server_failed`
 */
export async function runCompare(options: CompareOptions): Promise<CompareReport> {
  const plan = planLoad(options);
  const clock = options.clock ?? systemClock;
  const startedAt = new Date(clock.epochMs()).toISOString();
  const roundCount = options.rounds ?? DEFAULT_ROUNDS;
  if (!Number.isInteger(roundCount) || roundCount < 1)
    throw new BenchError("bad_option", `--rounds: ${roundCount} is no whole number of at least 1`);
  const { leastAnswers = LEAST_ANSWERS } = options;
  if (!Number.isInteger(leastAnswers) || leastAnswers < 0)
    throw new BenchError("bad_option", `--least-answers: ${leastAnswers} is no whole number`);
  const llamaServer = wantedLlamaServer(options);
  options.onSide?.("starting Drover once to see how it lays out its workers");
  const layout = await readLayout(options, clock);
  const opponents = await foreignSides(options, llamaServer, layout, clock);
  const sides = [...ownSides(options, layout, clock), ...opponents];
  await tryOnce(opponents, options);
  const rounds: CompareRound[] = [];
  for (let round = 0; round < roundCount; round += 1) {
    for (const side of rotate(sides, round)) {
      if (options.signal.aborted) break;
      options.onSide?.(`round ${round + 1} of ${roundCount}: ${side.name} (${side.doc})`);
      const steps = await measureSide(side, plan, options, clock, round).catch((error: unknown) => {
        // Ctrl-C ends the servers as well; what was measured before is still worth its report.
        if (options.signal.aborted) return [];
        throw error;
      });
      rounds.push({ side: side.name, round, steps });
    }
  }
  return {
    kind: "compare",
    startedAt,
    machine: describeMachine(),
    preset: plan.preset.name,
    layout: layout.workers,
    sides: sides.map(({ name, doc }) => ({ name, doc })),
    rounds,
    ratios: ratiosOf(rounds, "drover"),
    notes: compareNotes(rounds, plan),
    interrupted: options.signal.aborted,
  };
}

function compareNotes(rounds: readonly CompareRound[], plan: LoadPlan): readonly string[] {
  const count = new Set(rounds.map(({ round }) => round)).size;
  const steps = rounds.flatMap((round) => round.steps);
  const ofSteps = rounds.flatMap((round) => round.steps.flatMap(stepNotes).map((note) => `${round.side}, ${note}`));
  return [
    `A ratio is Drover's figure over the other side's: the geometric mean of ${count} rounds, with a 95% bootstrap interval over the rounds.`,
    ...(count < 3 ? ["With fewer than three rounds the intervals mean little."] : []),
    "A step begins to count when as many requests have ended as there are users, and counts longer where too few end: each side's answers and seconds stand beside its figures.",
    ...new Set(notesOf(steps, plan).filter((note) => !steps.flatMap(stepNotes).includes(note))),
    ...new Set(ofSteps),
  ];
}

const KNOWN_SIDES: readonly string[] = ["hand-made", "pinned", "llama-server", "none"];

/**
 * The program of the side `llama-server`, where that side takes part: it was asked for, or it is in PATH and not excluded.
 * @throws BenchError `bad_option` for an unknown set-up, or a program that is not there
 */
function wantedLlamaServer({ only, llamaServer, llamaServerArgs = [] }: CompareOptions): string | undefined {
  const unknown = only?.find((name) => !KNOWN_SIDES.includes(name));
  if (unknown !== undefined)
    throw new BenchError(
      "bad_option",
      `--only: there is no set-up "${unknown}"; there are hand-made, pinned, llama-server and none`,
    );
  const isAskedFor = llamaServer !== undefined || llamaServerArgs.length > 0 || only?.includes("llama-server") === true;
  if (!isAskedFor && only !== undefined) return undefined;
  const path = findLlamaServer(llamaServer, process.env["PATH"] ?? "");
  if (path === undefined && isAskedFor)
    throw new BenchError("bad_option", "there is no llama-server in PATH; give its path with --llama-server PATH");
  return path;
}

/** A program that does not start must be known before the others were measured for minutes. */
async function tryOnce(sides: readonly Side[], options: CompareOptions): Promise<void> {
  for (const side of sides) {
    options.onSide?.(`trying once: ${side.doc}`);
    const running = await side.start(options.signal);
    await running.stop();
  }
}

function ownSides(options: CompareOptions, { workers }: DroverLayout, clock: Clock): readonly Side[] {
  const parts = { ...options, upWords: [...options.workerWords, ...options.upWords], layout: workers, clock };
  const wanted = (name: string) => options.only === undefined || options.only.includes(name);
  return [
    droverSide(parts),
    ...(wanted("hand-made") ? [handMadeSide(parts)] : []),
    ...(wanted("pinned") ? [pinnedSide(parts)] : []),
  ];
}

async function foreignSides(
  options: CompareOptions,
  llamaServer: string | undefined,
  layout: DroverLayout,
  clock: Clock,
): Promise<readonly Side[]> {
  const commands = options.against.map((command) => commandSide(command, clock));
  if (llamaServer === undefined) return commands;
  const modelFile = await options.modelFile();
  if (modelFile === undefined)
    throw new BenchError("bad_option", "llama-server needs the model's file, and this model has none here");
  const build = await readLlamaServerBuild(llamaServer);
  const setup = {
    path: llamaServer,
    modelFile,
    threads: availableParallelism(),
    slots: layout.workers.reduce((sum, { slots }) => sum + slots, 0),
    contextTokens: layout.contextTokens,
  };
  const { llamaServerArgs = [] } = options;
  const variants = llamaServerArgs.length === 0 ? [""] : llamaServerArgs;
  return [...variants.map((extra) => llamaServerSide(setup, build, extra.trim(), clock)), ...commands];
}

function rotate<T>(all: readonly T[], by: number): readonly T[] {
  const at = all.length === 0 ? 0 : by % all.length;
  return [...all.slice(at), ...all.slice(0, at)];
}

async function measureSide(
  side: Side,
  plan: LoadPlan,
  options: CompareOptions,
  clock: Clock,
  round: number,
): Promise<readonly StepReport[]> {
  const { signal } = options;
  const running = await side.start(signal);
  const { apiKey } = options;
  const target = await lookAtTarget({ url: running.url, apiKey });
  const client = createChatClient({ ...plan, ...target, apiKey, clock });
  const steps: StepReport[] = [];
  try {
    for (const [index, load] of plan.loads.entries()) {
      if (signal.aborted) break;
      const onRecorder = progressOf(options, clock, load, index, plan.loads.length);
      const processes = () => running.processes();
      // Another seed in each round, the same for each side.
      const seed = plan.seed + round;
      const leastAnswers = options.leastAnswers ?? LEAST_ANSWERS;
      const context = { ...plan, ...target, seed, load, client, clock, signal, leastAnswers };
      const step = await runStep({ ...context, processes, onRecorder });
      // Interrupted while warming up: there is nothing in it, and zeros would look like a result.
      if (step.counts.windowMs > 0) steps.push(step);
    }
  } finally {
    await client.close();
    await running.stop();
  }
  return steps;
}

function progressOf(options: CompareOptions, clock: Clock, load: Load, index: number, steps: number) {
  const startMs = clock.monotonicMs();
  return (recorder: StepProgress["recorder"]) => options.onStep?.({ index, steps, load, startMs, recorder });
}
