import type { MemoryEstimate } from "@drover/models";
import { LEAST_SNAPSHOT_BYTES, type SnapshotDemand } from "./snapshot-demand.ts";
import type { MemoryAtHand } from "./topology.ts";

export type MemoryNeed = Pick<MemoryEstimate, "mappedBytes" | "perWorker">;

export interface MemoryBudget {
  /** The part of the model's files that is read in every step: what was repacked is not. */
  readonly sharedBytes: number;
  /** For all workers, without `sharedBytes`. */
  readonly workersBytes: number;
  /** Left to everything else: a twentieth of the memory, at least 256 MiB and at most 4 GiB. */
  readonly headroomBytes: number;
  /** For snapshots of all workers together. Where no size was asked for, only what the workers leave. */
  readonly snapshotBytes: number;
  /** `sharedBytes`, `workersBytes`, `snapshotBytes` and `headroomBytes`. */
  readonly neededBytes: number;
  readonly freeBytes: number;
  readonly fits: boolean;
  /** How many workers would fit. */
  readonly mostWorkers: number;
}

/** Whether `workers` workers fit into the memory that is free, and how many would. */
export function budgetMemory(
  need: MemoryNeed,
  ground: MemoryAtHand,
  workers: number,
  demand: Pick<SnapshotDemand, "leastBytes" | "mostBytes">,
): MemoryBudget {
  const whole = Math.min(ground.totalBytes, ground.limitBytes ?? ground.totalBytes);
  const headroomBytes = Math.round(Math.min(4 * GIB, Math.max(GIB / 4, whole / 20)));
  const sharedBytes = Math.max(0, need.mappedBytes - need.perWorker.repackedBytes);
  const workersBytes = need.perWorker.totalBytes * workers;
  const room = ground.freeBytes - sharedBytes - headroomBytes;
  const snapshotBytes = cutSnapshots(demand, room - workersBytes);
  const neededBytes = sharedBytes + workersBytes + snapshotBytes + headroomBytes;
  return {
    sharedBytes,
    workersBytes,
    headroomBytes,
    snapshotBytes,
    neededBytes,
    freeBytes: ground.freeBytes,
    fits: neededBytes <= ground.freeBytes,
    mostWorkers: Math.max(0, Math.floor((room - demand.leastBytes) / need.perWorker.totalBytes)),
  };
}

function cutSnapshots(
  { leastBytes, mostBytes }: Pick<SnapshotDemand, "leastBytes" | "mostBytes">,
  room: number,
): number {
  if (leastBytes > 0) return leastBytes;
  const bytes = Math.min(mostBytes, room);
  return bytes < LEAST_SNAPSHOT_BYTES ? 0 : Math.floor(bytes / MIB) * MIB;
}

const MIB = 2 ** 20;
const GIB = 2 ** 30;
