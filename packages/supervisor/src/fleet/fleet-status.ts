import type { SnapshotStatus, WorkerStatus } from "@drover/contract/console-state";
import type { Clock } from "@drover/foundation/clock";
import { hasProgram } from "../process/programs.ts";
import type { UsageSampler } from "../process/usage.ts";
import { workerStatus } from "../worker/worker-status.ts";
import type { Worker } from "../worker/worker.ts";

/** All workers, and what they share. */
export interface FleetStatus {
  readonly workers: readonly WorkerStatus[];
  /** null: none are kept. */
  readonly snapshots: SnapshotStatus | null;
}

/** What is known of all workers now. */
export async function readFleetStatus(
  workers: readonly Worker[],
  parts: {
    readonly clock: Clock;
    readonly leases: { readonly cpusOf: (pid: number | undefined) => readonly number[] | undefined };
    readonly snapshots: { readonly status: () => Promise<SnapshotStatus | undefined> };
  },
  sampler: UsageSampler,
): Promise<FleetStatus> {
  const usage = await sampler.sample(workers.flatMap(({ process }) => process?.pid ?? []));
  const now = parts.clock.monotonicMs();
  const snapshots = (await parts.snapshots.status()) ?? null;
  const canHold = hasProgram("taskset");
  return {
    workers: workers.map((worker) => {
      const pid = worker.process?.pid;
      return workerStatus(worker, { usage: usage.get(pid ?? -1), leased: parts.leases.cpusOf(pid), canHold }, now);
    }),
    snapshots,
  };
}
