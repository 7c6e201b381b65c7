/** One worker as `drover status --json` and the console's page have it. */
export interface WorkerStatus {
  readonly id: string;
  /** null: no process. */
  readonly pid: number | null;
  /** As in docs/states.md. */
  readonly state: string;
  /** Of the model that its process has read, 0 to 1. */
  readonly readShare: number;
  readonly port: number | null;
  /** CPUs that it is held to now; empty: none while `elastic`, else any. */
  readonly cpus: readonly number[];
  /** Its CPUs follow the load. */
  readonly elastic: boolean;
  readonly slots: { readonly busy: number; readonly total: number };
  /** Requests that were ever routed to it. */
  readonly requests: number;
  readonly restarts: number;
  /** The same, by what had become of it. */
  readonly restartReasons: RestartCounts;
  /** Of one CPU. */
  readonly cpuPercent: number;
  readonly cpuSeconds: number;
  readonly rssBytes: number;
  /** Of the present process. */
  readonly uptimeMs: number;
}

/** How often a worker was started again, by what had become of it. */
export type RestartCounts = Readonly<Record<"crashed" | "hung" | "killed", number>>;

/** The snapshots that workers share. */
export interface SnapshotStatus {
  readonly directory: string;
  /** Snapshots. */
  readonly files: number;
  /** Of all files, those too that are just written. */
  readonly bytes: number;
  readonly limitBytes: number;
}

/** One change of a worker's state. */
export interface PastChange {
  readonly atMs: number;
  readonly worker: string;
  readonly from: string;
  readonly to: string;
  readonly event: string;
  /** Why, where somebody knows: the worker's own reason, an exit code, a signal. */
  readonly reason: string | undefined;
}

/** What `GET /console/state` sends to the console's page, as far as the page shows it. */
export interface ConsoleState {
  readonly version: string;
  /** Whether there is an admin key, with which the page's buttons work. */
  readonly mayAct: boolean;
  readonly workers: readonly WorkerStatus[];
  /** null: none are kept. */
  readonly snapshots: SnapshotStatus | null;
  /** The oldest first. */
  readonly changes: readonly PastChange[];
}
