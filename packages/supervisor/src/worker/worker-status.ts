import type { WorkerStatus } from "@drover/contract/console-state";
import type { Usage } from "../process/usage.ts";
import type { Worker } from "./worker.ts";

const NO_USAGE: Usage = { cpuPercent: 0, cpuSeconds: 0, rssBytes: 0 };

/** What is known of its process from elsewhere. */
export interface ProcessFacts {
  /** undefined: there is none. */
  readonly usage: Usage | undefined;
  /** CPUs that it holds a lease for; undefined: its CPUs do not follow the load. */
  readonly leased: readonly number[] | undefined;
  /** Whether this machine can hold a process to CPUs. */
  readonly canHold: boolean;
}

export function workerStatus(worker: Worker, { usage, leased, canHold }: ProcessFacts, now: number): WorkerStatus {
  const { process, traffic, launch } = worker;
  const { cpuPercent, cpuSeconds, rssBytes } = usage ?? NO_USAGE;
  const total = process?.word?.slots ?? 0;
  const busy = Math.max(traffic.active, process?.busySlots ?? 0);
  return {
    id: worker.id,
    pid: process?.pid ?? null,
    state: worker.state,
    readShare: process?.readShare ?? 0,
    port: process?.word?.port ?? launch?.options.port ?? null,
    cpus: canHold ? (leased ?? (launch?.leases === undefined ? (launch?.cpus ?? []) : [])) : [],
    elastic: canHold && launch?.leases !== undefined,
    slots: { busy: total === 0 ? busy : Math.min(total, busy), total },
    requests: traffic.requests,
    restarts: worker.restarts.sum,
    restartReasons: worker.restarts.counts,
    cpuPercent,
    cpuSeconds,
    rssBytes,
    uptimeMs: process === undefined ? 0 : Math.round(now - process.startedAt),
  };
}
