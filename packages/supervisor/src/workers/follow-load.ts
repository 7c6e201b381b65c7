import type { Balancer } from "@drover/balancer";
import type { Settings } from "@drover/config";
import type { Logger } from "pino";
import type { Clock } from "@drover/foundation/clock";
import { parseRange } from "@drover/foundation/ranges";
import { sizeText } from "@drover/foundation/texts";
import { pickOverLimit } from "./memory-guard.ts";
import { anonymousBytes } from "./process-memory.ts";
import { decideScale, NO_MEMORY, type ScalingMemory } from "./scaling.ts";
import type { Supervisor } from "./supervisor.ts";
import { hasProcess } from "./worker-states.ts";

export interface FollowLoadParts {
  readonly supervisor: Supervisor;
  readonly balancer: Pick<Balancer, "status">;
  /** As of the last reload. */
  readonly settings: () => Settings;
  readonly clock: Clock;
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
    if (isBusy || parts.supervisor.isAsleep) return;
    const now = parts.clock.monotonicMs();
    if (wantsSleep(parts, now)) {
      const isWanted = () => wantsSleep(parts, parts.clock.monotonicMs());
      parts.logger.info("nobody asked for long: unloading all workers until the next request");
      void alone("unloading", parts.supervisor.sleep(isWanted));
      return;
    }
    const scale = scaleWanted(parts, memory, now);
    memory = scale.memory;
    if (scale.count !== undefined) {
      parts.logger.info({ workers: scale.count }, `the load wants ${scale.count} workers`);
      void alone("scaling", parts.supervisor.scale(scale.count));
      return;
    }
    if (now - memoryLookAt < MEMORY_EVERY_MS) return;
    memoryLookAt = now;
    const fat = overLimit(parts);
    if (fat !== undefined) void alone("replacing a worker", parts.supervisor.replace(fat));
  };
  return parts.clock.every(LOOK_EVERY_MS, look);
}

function wantsSleep({ supervisor, balancer, settings }: FollowLoadParts, now: number): boolean {
  const { idleSleep } = settings().supervision;
  const { idleSinceMs } = balancer.status();
  if (idleSleep === 0 || idleSinceMs === undefined || now - idleSinceMs < idleSleep) return false;
  return supervisor.members.every(({ runner }) => runner.state === "ready" || !hasProcess(runner.state));
}

function scaleWanted(
  { supervisor, balancer, settings }: FollowLoadParts,
  memory: ScalingMemory,
  now: number,
): { readonly count: number | undefined; readonly memory: ScalingMemory } {
  const { count } = settings().workers;
  if (typeof count !== "string" || count === "auto") return { count: undefined, memory: NO_MEMORY };
  const range = parseRange(count) ?? { min: 1, max: 1 };
  const { min } = range;
  const max = Math.max(min, Math.min(range.max, supervisor.placeCount));
  const { scaleUpAfter, scaleDownAfter } = settings().supervision;
  const { members } = supervisor;
  const { queue, upstreams } = balancer.status();
  const owned = upstreams.filter((upstream) => upstream.owned && upstream.ready);
  const slots = owned.reduce((sum, upstream) => sum + upstream.slots, 0);
  const sample = {
    now,
    workers: members.length,
    coming: members.filter(({ runner }) => runner.state === "starting" || runner.state === "loading").length,
    waiting: queue.depth,
    busySlots: owned.reduce((sum, upstream) => sum + upstream.active, 0),
    slotsPerWorker: owned.length === 0 ? 0 : slots / owned.length,
  };
  const decision = decideScale(memory, sample, { min, max, upAfterMs: scaleUpAfter, downAfterMs: scaleDownAfter });
  return {
    count: decision.workers === members.length ? undefined : decision.workers,
    memory: decision.memory,
  };
}

/** Id of the worker to replace. */
function overLimit({ supervisor, settings, logger }: FollowLoadParts): string | undefined {
  const { memoryLimit } = settings().supervision;
  if (memoryLimit === 0) return undefined;
  const memories = supervisor.members.flatMap(({ id, runner }) => {
    const bytes = runner.pid === undefined || runner.state !== "ready" ? undefined : anonymousBytes(runner.pid);
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
