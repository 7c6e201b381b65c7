import type { SnapshotStatus } from "../snapshots/snapshot-directory.ts";
import type { WorkerStatus } from "../worker/worker-status.ts";

/** All workers, and what they share. */
export interface FleetStatus {
  readonly workers: readonly WorkerStatus[];
  /** null: none are kept. */
  readonly snapshots: SnapshotStatus | null;
}
