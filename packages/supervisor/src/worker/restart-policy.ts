import type { Settings } from "@drover/config";

/** How a worker's restarts are spaced and when they end, by the settings. */
export type RestartLimits = Pick<Settings["supervision"], "backoff" | "backoffLimit" | "maxRestarts" | "restartWindow">;

/** What a worker's past crashes leave behind. */
export interface RestartHistory {
  /** Times of crashes, oldest first; only those that still count. */
  readonly crashes: readonly number[];
  /** Doublings of the next delay. */
  readonly doublings: number;
  /** Quarantines since it last served for long. */
  readonly quarantines: number;
}

export const NO_RESTARTS: RestartHistory = { crashes: [], doublings: 0, quarantines: 0 };

const QUARANTINE_MS = 120_000;
const LONGEST_QUARANTINE_MS = 900_000;

/** One end of a worker's process. */
export interface WorkerExit {
  readonly now: number;
  /** When it became ready; undefined: never. */
  readonly readySince: number | undefined;
  /** Whether the worker should be running. */
  readonly isWanted: boolean;
  /** Its reason will not go away by itself, such as a corrupt model at its first start. */
  readonly isHopeless: boolean;
  /** The machine had no descriptor, process or memory to start it with. */
  readonly isStarved: boolean;
  /** A request was in it that had been in another worker's crash: the request is to blame. */
  readonly isOfSuspect: boolean;
  /** Another worker serves: a try that fails harms nobody. */
  readonly othersServe: boolean;
}

export type ExitVerdict =
  | { readonly event: "exited" }
  | { readonly event: "crashed"; readonly delayMs: number; readonly history: RestartHistory }
  /** Without a delay it is not tried again by itself. */
  | { readonly event: "gave-up"; readonly delayMs: number | undefined; readonly history: RestartHistory };

/**
 * Decides what follows the end of a process: nothing, a restart after a delay, or quarantine. The delay doubles from
 * `backoff` to `backoffLimit`, 20% to either side by `random` (0 up to 1), so that workers that died together do not
 * load together; having been ready for `restartWindow` clears the past. The restart intensity is OTP's: more than
 * `maxRestarts` in `restartWindow` and it is in quarantine. From there it gets one try after two minutes, then four, up to fifteen, and sooner while others
 * serve. A crash that a request is to blame for does not count, nor does a start for which the machine lacked something, which is tried again later each time.
 */
export function judgeExit(
  history: RestartHistory,
  exit: WorkerExit,
  limits: RestartLimits,
  random: () => number,
): ExitVerdict {
  if (!exit.isWanted) return { event: "exited" };
  const wasStable = exit.readySince !== undefined && exit.now - exit.readySince >= limits.restartWindow;
  const doublings = wasStable ? 0 : history.doublings;
  const crashes = [...history.crashes.filter((time) => exit.now - time < limits.restartWindow), exit.now];
  const jitter = 0.8 + 0.4 * random();
  if (exit.isOfSuspect) return { event: "crashed", delayMs: Math.round(limits.backoff * jitter), history };
  const quarantines = wasStable ? 0 : history.quarantines;
  const next: RestartHistory = { crashes, doublings: doublings + 1, quarantines };
  const delay = Math.min(limits.backoffLimit, limits.backoff * 2 ** Math.min(doublings, 30));
  const delayMs = Math.round(delay * jitter);
  if (exit.isStarved) return { event: "crashed", delayMs, history: { ...history, doublings: doublings + 1 } };
  if (exit.isHopeless) return { event: "gave-up", delayMs: undefined, history: next };
  if (crashes.length > limits.maxRestarts || quarantines > 0) {
    const full = Math.min(LONGEST_QUARANTINE_MS, QUARANTINE_MS * 2 ** quarantines);
    const pauseMs = Math.round((exit.othersServe ? full / 4 : full) * jitter);
    return { event: "gave-up", delayMs: pauseMs, history: { ...next, quarantines: quarantines + 1 } };
  }
  return { event: "crashed", delayMs, history: next };
}
