import type { PastChange } from "@drover/contract/console-state";
import type { WorkerEvent, WorkerState } from "./transitions.ts";

/** One change of a worker's state. */
export interface WorkerChange extends Omit<PastChange, "atMs"> {
  readonly from: WorkerState;
  readonly to: WorkerState;
  readonly event: WorkerEvent;
}

/** How far a worker is with coming up. */
export interface LoadProgress {
  /** Of the model that is read, 0 to 1. What follows, measuring and a first token, has no share. */
  readonly share: number;
  readonly isReady: boolean;
}
