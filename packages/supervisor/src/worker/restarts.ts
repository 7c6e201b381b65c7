import { sum } from "@drover/foundation/sums";
import { judgeExit, NO_RESTARTS, type RestartHistory, type RestartLimits, type WorkerExit } from "./restart-policy.ts";
import type { RestartCounts } from "@drover/contract/console-state";
import { countRestart, type RestartReason } from "./restart-reasons.ts";

/** How often a worker was started again, and why; and when it may be started next. */
export class Restarts {
  #counts: RestartCounts;
  /** undefined: it was not even started, and there is nothing to count. */
  #endedBy: RestartReason | undefined;
  #history: RestartHistory = NO_RESTARTS;
  #backoffMs: number | undefined;

  /** @param earlier of the worker that it takes over from */
  constructor(earlier: RestartCounts) {
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
    if (this.#endedBy !== undefined) this.#counts = countRestart(this.#counts, this.#endedBy);
  }
}
