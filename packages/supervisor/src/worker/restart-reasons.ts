import type { RestartCounts } from "@drover/contract/console-state";

/** What had become of a worker that was started again. */
export const RESTART_REASONS = ["crashed", "hung", "killed"] as const satisfies readonly (keyof RestartCounts)[];

export type RestartReason = (typeof RESTART_REASONS)[number];

export const NO_RESTART_COUNTS: RestartCounts = { crashed: 0, hung: 0, killed: 0 };

/** A signal that ends processes, sent for no hang, came from outside: no request is suspected of that. */
export function endedBy(signal: string | undefined, wasHung: boolean): RestartReason {
  if (wasHung) return "hung";
  return signal === "SIGKILL" || signal === "SIGTERM" ? "killed" : "crashed";
}

export function countRestart(counts: RestartCounts, reason: RestartReason): RestartCounts {
  return { ...counts, [reason]: counts[reason] + 1 };
}
