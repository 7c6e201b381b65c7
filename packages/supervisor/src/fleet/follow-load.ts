import type { Balancer } from "@drover/balancer";
import type { Settings } from "@drover/config";
import type { Logger } from "pino";
import { systemClock } from "@drover/foundation/clock";
import { parseRange } from "@drover/foundation/ranges";
import { sizeText } from "@drover/foundation/texts";
import { pickOverLimit } from "./memory-guard.ts";
import { anonymousBytes } from "../process/memory.ts";
import { hasProcess } from "../worker/transitions.ts";
import { decideScale, NO_MEMORY, type ScalingMemory } from "./scaling.ts";
import type { Fleet } from "./fleet.ts";

export interface FollowLoadParts {
  readonly fleet: Fleet;
  readonly balancer: Pick<Balancer, "status">;
  /** As of the last reload. */
  readonly settings: () => Settings;
  readonly logger: Logger;
}

const LOOK_EVERY_MS = 500;
/** Reading a process's memory costs the kernel some work. */
const MEMORY_EVERY_MS = 5000;

/**
 * What nobody asks for by hand: workers that follow the load (`workers.count` as a range), the sleep of idle ones, and the
 * replacement of those that hold too much memory. One thing at a time. Returns what ends it.
 */
export function followLoad(parts: FollowLoadParts): () => void {
  let memory: ScalingMemory = NO_MEMORY;
  let memoryLookAt = Number.NEGATIVE_INFINITY;
  let isBusy = false;
  const alone = async (what: string, work: Promise<void>) => {
    isBusy = true;
    try {
      await work;
    } catch (error) {
      parts.logger.error(`${what} failed: ${(error as Error).message}`);
    } finally {
      isBusy = false;
    }
  };
  const look = () => {
    if (isBusy || parts.fleet.sleep !== undefined) return;
    const now = systemClock.monotonicMs();
    if (wantsSleep(parts, now)) {
      const isWanted = () => wantsSleep(parts, systemClock.monotonicMs());
      parts.logger.info("nobody asked for long: unloading all workers until the next request");
      void alone("unloading", parts.fleet.fallAsleep(isWanted));
      return;
    }
    const scale = scaleWanted(parts, memory, now);
    memory = scale.memory;
    if (scale.count !== undefined) {
      parts.logger.info({ workers: scale.count }, `the load wants ${scale.count} workers`);
      void alone("scaling", parts.fleet.scale(scale.count));
      return;
    }
    if (now - memoryLookAt < MEMORY_EVERY_MS) return;
    memoryLookAt = now;
    const fat = overLimit(parts);
    if (fat !== undefined) void alone("replacing a worker", parts.fleet.replace(fat));
  };
  return systemClock.every(LOOK_EVERY_MS, look);
}

function wantsSleep({ fleet, balancer, settings }: FollowLoadParts, now: number): boolean {
  const { idleSleep } = settings().supervision;
  const { idleSinceMs } = balancer.status();
  if (idleSleep === 0 || idleSinceMs === undefined || now - idleSinceMs < idleSleep) return false;
  return fleet.workers.every(({ state }) => state === "ready" || !hasProcess(state));
}

function scaleWanted(
  { fleet, balancer, settings }: FollowLoadParts,
  memory: ScalingMemory,
  now: number,
): { readonly count: number | undefined; readonly memory: ScalingMemory } {
  const { count } = settings().workers;
  if (typeof count !== "string" || count === "auto") return { count: undefined, memory: NO_MEMORY };
  const range = parseRange(count) ?? { min: 1, max: 1 };
  const { min } = range;
  const max = Math.max(min, Math.min(range.max, fleet.placeCount));
  const { scaleUpAfter, scaleDownAfter } = settings().supervision;
  const { workers } = fleet;
  const { queue, upstreams } = balancer.status();
  const owned = upstreams.filter(({ owned, isolation, state }) => owned && !isolation && state === "ready");
  const slots = owned.reduce((sum, upstream) => sum + upstream.slots, 0);
  const sample = {
    now,
    workers: workers.length,
    coming: workers.filter(({ state }) => state === "starting" || state === "loading").length,
    waiting: queue.depth,
    busySlots: owned.reduce((sum, upstream) => sum + upstream.active, 0),
    slotsPerWorker: owned.length === 0 ? 0 : slots / owned.length,
  };
  const decision = decideScale(memory, sample, { min, max, upAfterMs: scaleUpAfter, downAfterMs: scaleDownAfter });
  return {
    count: decision.workers === workers.length ? undefined : decision.workers,
    memory: decision.memory,
  };
}

/** Id of the worker to replace. */
function overLimit({ fleet, settings, logger }: FollowLoadParts): string | undefined {
  const { memoryLimit } = settings().supervision;
  if (memoryLimit === 0) return undefined;
  const memories = fleet.workers.flatMap(({ id, state, process }) => {
    const bytes = process?.pid === undefined || state !== "ready" ? undefined : anonymousBytes(process.pid);
    return bytes === undefined ? [] : [{ id, bytes }];
  });
  const fat = pickOverLimit(memories, memoryLimit);
  if (fat === undefined) return undefined;
  logger.warn(
    { worker: fat.id, bytes: fat.bytes },
    `holds ${sizeText(fat.bytes)}, over the limit of ${sizeText(memoryLimit)}: draining and replacing it`,
  );
  return fat.id;
}
