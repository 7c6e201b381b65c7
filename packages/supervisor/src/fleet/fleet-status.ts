import type { SnapshotStatus, WorkerStatus } from "@drover/contract/console-state";
import { systemClock } from "@drover/foundation/clock";
import { hasProgram } from "../process/programs.ts";
import type { Usage, UsageSampler } from "../process/usage.ts";
import type { Worker } from "../worker/worker.ts";
import type { FleetParts } from "./fleet-parts.ts";

/** All workers, and what they share. */
export interface FleetStatus {
  readonly workers: readonly WorkerStatus[];
  /** null: none are kept. */
  readonly snapshots: SnapshotStatus | null;
}

const NO_USAGE: Usage = { cpuPercent: 0, cpuSeconds: 0, rssBytes: 0 };

/** What is known of all workers now. */
export async function readFleetStatus(
  workers: readonly Worker[],
  parts: Pick<FleetParts, "leases" | "snapshots">,
  sampler: UsageSampler,
): Promise<FleetStatus> {
  const usage = await sampler.sample(workers.flatMap(({ process }) => process?.pid ?? []));
  const now = systemClock.monotonicMs();
  const snapshots = (await parts.snapshots.status()) ?? null;
  const canHold = hasProgram("taskset");
  const statusOf = (worker: Worker): WorkerStatus => {
    const { process, traffic, launch, restarts } = worker;
    const total = process?.readyMessage?.slots ?? 0;
    const busy = Math.max(traffic.active, process?.busySlots ?? 0);
    const { cpuPercent, cpuSeconds, rssBytes } = usage.get(process?.pid ?? -1) ?? NO_USAGE;
    return {
      id: worker.id,
      pid: process?.pid ?? null,
      state: worker.state,
      readShare: process?.readShare ?? 0,
      port: process?.readyMessage?.port ?? launch?.options.port ?? null,
      cpus: canHold
        ? (parts.leases.cpusOf(process?.pid) ?? (launch?.leases === undefined ? (launch?.cpus ?? []) : []))
        : [],
      elastic: canHold && launch?.leases !== undefined,
      slots: { busy: total === 0 ? busy : Math.min(total, busy), total },
      requests: traffic.requests,
      restarts: restarts.sum,
      restartReasons: restarts.counts,
      cpuPercent,
      cpuSeconds,
      rssBytes,
      uptimeMs: process === undefined ? 0 : Math.round(now - process.startedAt),
    };
  };
  return { workers: workers.map(statusOf), snapshots };
}
