import { sum } from "@drover/foundation/sums";
import { judgeExit, NO_RESTARTS, type RestartHistory, type RestartLimits, type WorkerExit } from "./restart-policy.ts";
import type { RestartCounts } from "@drover/contract/console-state";

/** What had become of a worker that was started again. */
export const RESTART_REASONS = ["crashed", "hung", "killed"] as const satisfies readonly (keyof RestartCounts)[];

type RestartReason = (typeof RESTART_REASONS)[number];

/** A signal that ends processes, sent for no hang, came from outside: no request is suspected of that. */
export function endedBy(signal: string | undefined, wasHung: boolean): RestartReason {
  if (wasHung) return "hung";
  return signal === "SIGKILL" || signal === "SIGTERM" ? "killed" : "crashed";
}

/** How often a worker was started again, and why; and when it may be started next. */
export class Restarts {
  #counts: RestartCounts;
  /** undefined: it was not even started, and there is nothing to count. */
  #endedBy: RestartReason | undefined;
  #history: RestartHistory = NO_RESTARTS;
  #backoffMs: number | undefined;

  /** @param earlier of the worker that it takes over from */
  constructor(earlier: RestartCounts = { crashed: 0, hung: 0, killed: 0 }) {
    this.#counts = earlier;
  }

  get counts(): RestartCounts {
    return this.#counts;
  }

  get sum(): number {
    return sum(Object.values(this.#counts));
  }

  /** undefined: it is not started again by itself. */
  get backoffMs(): number | undefined {
    return this.#backoffMs;
  }

  /** Gives it all its tries again. */
  forgive(): void {
    this.#history = NO_RESTARTS;
  }

  /** What an exit leads to. */
  judge(endedBy: RestartReason, exit: WorkerExit, limits: RestartLimits, random: () => number) {
    this.#endedBy = exit.isStarved ? undefined : endedBy;
    const verdict = judgeExit(this.#history, exit, limits, random);
    if (verdict.event !== "exited") {
      this.#history = verdict.history;
      this.#backoffMs = verdict.delayMs;
    }
    return verdict.event;
  }

  /** It is started again after the exit that was judged last. */
  count(): void {
    const reason = this.#endedBy;
    if (reason !== undefined) this.#counts = { ...this.#counts, [reason]: this.#counts[reason] + 1 };
  }
}
