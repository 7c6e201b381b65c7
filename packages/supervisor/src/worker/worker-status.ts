import type { Usage } from "../process/usage.ts";
import type { WorkerState } from "./transitions.ts";
import type { Worker } from "./worker.ts";

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

const NO_USAGE: Usage = { cpuPercent: 0, rssBytes: 0 };

/** @param usage of its process; undefined: there is none */
export function workerStatus(worker: Worker, usage: Usage | undefined, now: number): WorkerStatus {
  const { process, traffic, launch } = worker;
  const { cpuPercent, rssBytes } = usage ?? NO_USAGE;
  const total = process?.word?.slots ?? 0;
  const busy = Math.max(traffic.active, process?.busySlots ?? 0);
  return {
    id: worker.id,
    pid: process?.pid ?? null,
    state: worker.state,
    port: process?.word?.port ?? launch?.options.port ?? null,
    cpus: launch?.cpus ?? [],
    slots: { busy: total === 0 ? busy : Math.min(total, busy), total },
    requests: traffic.requests,
    restarts: worker.restarts,
    cpuPercent,
    rssBytes,
    uptimeMs: process === undefined ? 0 : Math.round(now - process.startedAt),
  };
}
