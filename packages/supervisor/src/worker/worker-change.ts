import type { WorkerEvent, WorkerState } from "./transitions.ts";

/** One change of a worker's state. */
export interface WorkerChange {
  readonly worker: string;
  readonly from: WorkerState;
  readonly to: WorkerState;
  readonly event: WorkerEvent;
  /** Why, where somebody knows: the worker's own reason, an exit code, a signal. */
  readonly reason: string | undefined;
}

/** How far a worker is with coming up. */
export interface LoadProgress {
  /** Of the model that is read, 0 to 1. What follows, measuring and a first token, has no share. */
  readonly share: number;
  readonly isReady: boolean;
}
