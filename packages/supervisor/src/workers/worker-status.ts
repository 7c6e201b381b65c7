import type { SnapshotStatus } from "./snapshot-directory.ts";
import type { Usage } from "./usage.ts";
import type { WorkerState } from "./worker-transitions.ts";

/** One worker as `drover status --json` shows it. */
export interface WorkerStatus {
  readonly id: string;
  /** null: no process. */
  readonly pid: number | null;
  readonly state: WorkerState;
  readonly port: number | null;
  /** CPUs that it is pinned to; empty: not pinned. */
  readonly cpus: readonly number[];
  readonly slots: { readonly busy: number; readonly total: number };
  /** Requests that were ever routed to it. */
  readonly requests: number;
  readonly restarts: number;
  /** Of one CPU. */
  readonly cpuPercent: number;
  readonly rssBytes: number;
  /** Of the present process. */
  readonly uptimeMs: number;
}

/** What the admin API answers to `GET /status`. */
export interface SupervisorStatus {
  readonly workers: readonly WorkerStatus[];
  /** null: none are kept. */
  readonly snapshots: SnapshotStatus | null;
}

export const NO_USAGE: Usage = { cpuPercent: 0, rssBytes: 0 };
