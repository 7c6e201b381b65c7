import type { SnapshotStatus } from "../snapshots/snapshot-directory.ts";
import type { WorkerStatus } from "../worker/worker-status.ts";

/** What the admin API answers to `GET /status`. */
export interface FleetStatus {
  readonly workers: readonly WorkerStatus[];
  /** null: none are kept. */
  readonly snapshots: SnapshotStatus | null;
}
