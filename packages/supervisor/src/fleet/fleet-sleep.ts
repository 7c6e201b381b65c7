import type { Worker } from "../worker/worker.ts";
import type { WorkerChange } from "../worker/worker-change.ts";

/** All workers are unloaded until the next request. */
export interface Sleep {
  /** It has come; until a worker serves, or fails to. */
  readonly isWaking: boolean;
  /** What they would say to who looks at them: JSON, by path. */
  readonly responses: ReadonlyMap<string, string>;
}

/**
 * The sleep of a fleet. It ends as one worker serves, whoever started that one: a request, or somebody who restarts, adds or replaces a worker.
 * Then the others come back, too.
 */
export class FleetSleep {
  /** undefined: it is awake. */
  current: Sleep | undefined;

  begin(responses: Sleep["responses"]): void {
    this.current = { isWaking: false, responses };
  }

  /** For a request that finds nobody. */
  wake(workers: readonly Worker[]): void {
    if (this.current === undefined || this.current.isWaking) return;
    this.current = { ...this.current, isWaking: true };
    startUnloaded(workers);
  }

  /** To be told of each change of a worker. */
  onChange({ to }: WorkerChange, workers: readonly Worker[]): void {
    if (this.current === undefined) return;
    const hasFailed = to === "quarantined" || to === "backoff";
    if (to !== "ready" && !(this.current.isWaking && hasFailed)) return;
    this.current = undefined;
    startUnloaded(workers);
  }
}

function startUnloaded(workers: readonly Worker[]): void {
  for (const worker of workers) if (worker.state === "exited") worker.start();
}
