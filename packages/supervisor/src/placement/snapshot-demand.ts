import type { Settings } from "@drover/config";
import { sizeText } from "@drover/foundation/texts";
import { SHARED_MEMORY, type SharedMemory } from "./shared-memory.ts";
import type { MemoryAtHand } from "./topology.ts";

/** How much memory snapshots may take, before the workers are counted. */
export interface SnapshotDemand {
  /** Reserved for them, whatever the workers need. */
  readonly leastBytes: number;
  /** 0: none are kept. */
  readonly mostBytes: number;
  /** Why there are none. */
  readonly reason?: string;
  /** Why the setting can't be followed, and what to do. */
  readonly refused?: string;
}

/**
 * Less holds no conversation: a thousand tokens of a model of 1.5 billion weights are 28 MB. Half of Docker's 64 MiB is enough,
 * because streams outlive their workers by what lies beside the snapshots.
 */
export const LEAST_SNAPSHOT_BYTES = 16 * 2 ** 20;

/**
 * What the setting `workers.snapshots` asks for: a size as it is, `auto` at most half of what shared memory has free and an eighth of the memory.
 */
export function demandSnapshots(
  { workers: { snapshots, command } }: Pick<Settings, "workers">,
  shared: SharedMemory,
  memory: MemoryAtHand,
): SnapshotDemand {
  if (snapshots === "off" || snapshots === 0) return none("workers.snapshots is off");
  if (snapshots === "auto") {
    if (command !== undefined) return none("workers.command keeps none");
    if (shared.problem !== undefined) return none(shared.problem);
    const whole = Math.min(memory.totalBytes, memory.limitBytes ?? memory.totalBytes);
    const mostBytes = Math.floor(Math.min(shared.freeBytes / 2, whole / 8));
    if (mostBytes >= LEAST_SNAPSHOT_BYTES) return { leastBytes: 0, mostBytes };
    return none(`${SHARED_MEMORY} (${sizeText(shared.freeBytes)} free) or the memory is too small`);
  }
  const refuse = (reason: string, advice: string): SnapshotDemand => ({
    ...none(reason),
    refused: `workers.snapshots (--snapshots) is ${sizeText(snapshots)}, but ${reason}. ${advice}`,
  });
  if (command !== undefined)
    return refuse("workers.command (--worker-command) runs servers that keep none", "Leave one of the two out.");
  if (shared.problem !== undefined) return refuse(shared.problem, "Use auto, which does without, or off.");
  if (snapshots > shared.freeBytes)
    return refuse(
      `${SHARED_MEMORY} has only ${sizeText(shared.freeBytes)} free`,
      `Use less or auto, or enlarge it (mount -o remount,size=… ${SHARED_MEMORY}; in Docker --shm-size).`,
    );
  return { leastBytes: snapshots, mostBytes: snapshots };
}

function none(reason: string): SnapshotDemand {
  return { leastBytes: 0, mostBytes: 0, reason };
}
