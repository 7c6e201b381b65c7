import { availableParallelism } from "node:os";
import { type LoadPlan, type LoadRequest, planLoad } from "../plan/load-plan.ts";
import { systemClock } from "@drover/foundation/clock";
import { BenchError } from "../errors.ts";
import { describeMachine, type Machine } from "../machine.ts";
import { seededRandom } from "../random.ts";
import { type MeasureOptions, measureCandidate } from "./measure-candidate.ts";
import { search, type SearchResult } from "./search.ts";
import type { Standing } from "./standings.ts";
import { verdictsOf } from "./verdicts.ts";

export interface TuneOptions extends LoadRequest, Omit<MeasureOptions, "plan"> {
  /** What is served, for the report. */
  readonly model: string;
  /** @default five minutes */
  readonly limitMs?: number | undefined;
  readonly onStanding?: ((standing: Standing, phase: string) => void) | undefined;
}

export interface TuneReport {
  readonly kind: "tune";
  readonly startedAt: string;
  readonly tookMs: number;
  readonly machine: Machine;
  readonly model: string;
  readonly preset: string;
  readonly users: number;
  readonly pick: Standing;
  readonly standings: readonly Standing[];
  /** The result in sentences. */
  readonly verdicts: readonly string[];
  readonly notes: readonly string[];
  /** Ended by its user: the pick is the best so far and no more. */
  readonly interrupted: boolean;
}

const FIVE_MINUTES_MS = 300_000;
const USERS = 8;
const WARMUP_MS = 3000;
const WINDOW_MS = 10_000;

/**
 * Finds the configuration with the highest throughput for this machine, model and load.
 * @throws BenchError `bad_option`; `server_failed` where no candidate could be measured
 */
export async function runTune(options: TuneOptions): Promise<TuneReport> {
  const { plan, users } = planTune(options);
  const startMs = systemClock.monotonicMs();
  const startedAt = new Date(systemClock.epochMs()).toISOString();
  const result = await search({
    cpus: availableParallelism(),
    users,
    limitMs: options.limitMs ?? FIVE_MINUTES_MS,
    clock: systemClock,
    signal: options.signal,
    random: seededRandom(plan.seed),
    measure: (candidate, round) => measureCandidate(candidate, round, { ...options, plan }),
    onStanding: options.onStanding,
  });
  if (result.pick === undefined) throw nothingMeasured(result.standings, options);
  return {
    kind: "tune",
    startedAt,
    tookMs: systemClock.monotonicMs() - startMs,
    machine: describeMachine(),
    model: options.model,
    preset: plan.preset.name,
    users,
    pick: result.pick,
    standings: result.standings,
    verdicts: verdictsOf(result.standings, result.pick),
    notes: tuneNotes(result, plan, users, options.signal.aborted),
    interrupted: options.signal.aborted,
  };
}

function planTune(options: TuneOptions): { readonly plan: LoadPlan; readonly users: number } {
  const plan = planLoad({
    ...options,
    users: options.users ?? [USERS],
    warmupMs: options.warmupMs ?? WARMUP_MS,
    durationMs: options.durationMs ?? WINDOW_MS,
    thinkMs: options.thinkMs ?? 0,
  });
  const [load] = plan.loads;
  if (plan.loads.length !== 1 || load === undefined || !("users" in load))
    throw new BenchError("bad_option", "tune measures one number of users: --users 8");
  return { plan, users: load.users };
}

function tuneNotes(result: SearchResult, plan: LoadPlan, users: number, interrupted: boolean): readonly string[] {
  const { untried, timeWasShort } = result;
  const [warmup, window, think] = [plan.warmupMs, plan.durationMs, plan.thinkMs].map((ms) => `${ms / 1000} s`);
  return [
    `Each measurement starts Drover anew, warms up for ${warmup} and counts ${window} of ${users} users of the preset ${plan.preset.name} who think for ${think}.`,
    "Intervals are 95% bootstrap intervals over the measurements of a configuration; one measurement has none.",
    ...(untried.length > 0 ? [`There was no time for: ${untried.join("; ")}. Give more with --for.`] : []),
    ...(timeWasShort && untried.length === 0
      ? ["The time ended before every comparison was repeated as often as planned; --for gives more."]
      : []),
    ...(interrupted ? ["The search was interrupted."] : []),
  ];
}

function nothingMeasured(standings: readonly Standing[], options: TuneOptions): BenchError {
  const why = standings.map(({ name, unfit }) => `${name}: ${unfit ?? "not measured"}`);
  const interrupted = options.signal.aborted ? "the search was interrupted before its first measurement" : undefined;
  return new BenchError(
    "server_failed",
    [interrupted ?? "no configuration could be measured (the time may be too short: --for)", ...why].join("\n  "),
  );
}
