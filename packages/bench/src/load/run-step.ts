import { setMaxListeners } from "node:events";
import { pause } from "@drover/foundation/clock";
import type { ChatClient } from "../client/exchange.ts";
import type { Preset } from "../presets/preset.ts";
import { seededRandom } from "../random.ts";
import { runArrivals } from "./arrivals.ts";
import type { Counts } from "./counts.ts";
import { type OwnLoad, watchOwnLoad } from "./own-load.ts";
import { type ProcessUse, type WatchedProcess, watchProcesses } from "./process-watch.ts";
import type { Slo, SloStep } from "./slo.ts";
import { Recorder } from "./recorder.ts";
import { runBeside, runUsers } from "./users.ts";
import { type MeasuringWindow, openWindow, type WindowOptions } from "./window.ts";
import type { Load } from "./load.ts";

export interface StepOptions extends WindowOptions {
  readonly preset: Preset;
  readonly thinkMs: number;
  readonly responseTokens: number;
  readonly wordsPerToken: number;
  /** The same seed and load ask the same questions. */
  readonly seed: number;
  readonly client: ChatClient;
  /** Ends the step early; what was counted until then is kept. */
  readonly signal: AbortSignal;
  /** Processes whose CPU and memory are watched. */
  readonly processes?: (() => Promise<readonly WatchedProcess[]>) | undefined;
  readonly slo?: Slo | undefined;
  /** Called once the recorder exists, for live figures. */
  readonly onRecorder?: ((recorder: Recorder) => void) | undefined;
}

export interface StepReport {
  readonly load: Load;
  /** On the monotonic clock, so that samples of several steps can be drawn on one time axis. */
  readonly startMs: number;
  readonly counts: Counts;
  readonly processes: readonly ProcessUse[];
  readonly own: OwnLoad;
  readonly slo: SloStep | undefined;
}

/** Runs one step of load: warm-up, the window that is counted, and for open loop the run-out of its last requests. */
export async function runStep(options: StepOptions): Promise<StepReport> {
  const { load, clock } = options;
  const stop = new AbortController();
  setMaxListeners(0, stop.signal, options.signal);
  const startMs = clock.monotonicMs();
  const fromMs = startMs + options.warmupMs;
  const recorder = new Recorder(fromMs, fromMs + options.durationMs, "users" in load ? "ended" : "intended");
  const window = openWindow(recorder, { ...options, responsesOf: options.preset.countedKind });
  options.onRecorder?.(recorder);
  const running = runLoad(options, recorder, stop.signal);
  const list = options.processes ?? (() => Promise.resolve([]));
  const watched = watchProcesses(list, clock, stop.signal, () => recorder.fromMs - startMs);
  const own = await waitOut(window, recorder, options);
  const endMs = clock.monotonicMs();
  const counts = recorder.counts(endMs);
  stop.abort();
  await running;
  return {
    load,
    startMs,
    counts,
    processes: await watched,
    own,
    slo: options.slo === undefined ? undefined : sloStep(options.slo, recorder, endMs),
  };
}

async function runLoad(options: StepOptions, recorder: Recorder, signal: AbortSignal): Promise<void> {
  const { load, preset } = options;
  const seed = stepSeed(options.seed, load);
  const context = { ...options, recorder, signal, random: seededRandom(seed) };
  // A source of its own: how fast the others are served must not change what they are asked.
  const beside =
    preset.beside === undefined ? undefined : runBeside(preset.beside, { ...context, random: seededRandom(seed + 1) });
  await Promise.all([
    "users" in load ? runUsers(load.users, options.thinkMs, context) : runArrivals(load.perSecond, context),
    beside,
  ]);
}

/**
 * Steps of one run ask different things: what one has left in the servers' caches must not make the next one fast.
 */
function stepSeed(seed: number, load: Load): number {
  return Math.imul(seed, 0x9e3779b1) + Math.round(1000 * ("users" in load ? load.users : load.perSecond));
}

function sloStep(slo: Slo, recorder: Recorder, nowMs: number): SloStep {
  const value = recorder.strictQuantileMs(slo.of, slo.quantile, nowMs);
  return {
    valueMs: value === Number.POSITIVE_INFINITY ? null : value,
    met: value !== null && value < slo.limitMs,
  };
}

async function waitOut(window: MeasuringWindow, recorder: Recorder, options: StepOptions): Promise<OwnLoad> {
  const { clock, signal, durationMs } = options;
  await window.begun();
  const endWatch = watchOwnLoad();
  await window.ended();
  const own = endWatch();
  if ("users" in options.load) return own;
  // As long again as the window: longer waits say no more than that the target can't keep up.
  const latestMs = recorder.toMs + durationMs;
  while (!signal.aborted && recorder.open > 0 && clock.monotonicMs() < latestMs) await pause(clock, 100, signal);
  return own;
}
