/** How a worker's restarts are spaced and when they end. Durations in milliseconds. */
export interface RestartLimits {
  /** Delay before the first restart; doubles with each. */
  readonly backoff: number;
  readonly backoffLimit: number;
  /** Restarts in `restartWindow`; one more is quarantine. */
  readonly maxRestarts: number;
  readonly restartWindow: number;
}

/** What a worker's past crashes leave behind. */
export interface RestartHistory {
  /** Times of crashes, oldest first; only those that still count. */
  readonly crashes: readonly number[];
  /** Doublings of the next delay. */
  readonly doublings: number;
}

export const NO_RESTARTS: RestartHistory = { crashes: [], doublings: 0 };

/** One end of a worker's process. */
export interface WorkerExit {
  readonly now: number;
  /** When it became ready; undefined: never. */
  readonly readySince: number | undefined;
  /** Whether the worker should be running. */
  readonly isWanted: boolean;
  /** Its reason will not go away by itself, such as a corrupt model at its first start. */
  readonly isHopeless: boolean;
}

export type ExitVerdict =
  | { readonly event: "exited" }
  | { readonly event: "crashed"; readonly delayMs: number; readonly history: RestartHistory }
  | { readonly event: "gave-up"; readonly history: RestartHistory };

/**
 * Decides what follows the end of a process: nothing, a restart after a delay, or quarantine. The delay doubles from
 * `backoff` to `backoffLimit`, 20% to either side by `random` (0 up to 1), so that workers that died together do not
 * load together; having been ready for `restartWindow` clears the past. The restart intensity is OTP's: more than
 * `maxRestarts` in `restartWindow` and it stays down.
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
  const next: RestartHistory = { crashes, doublings: doublings + 1 };
  if (exit.isHopeless || crashes.length > limits.maxRestarts) return { event: "gave-up", history: next };
  const delay = Math.min(limits.backoffLimit, limits.backoff * 2 ** Math.min(doublings, 30));
  return { event: "crashed", delayMs: Math.round(delay * (0.8 + 0.4 * random())), history: next };
}
