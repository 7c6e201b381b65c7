import { spawnSync } from "node:child_process";
import type { Settings } from "@drover/config";
import { parseRange } from "@drover/foundation/ranges";
import { readModelInfo } from "@drover/models";
import type { Logger } from "pino";
import { SupervisorError } from "../errors.ts";
import { refusal } from "./draw-plan.ts";
import { layOut, type Layout, type WorkerPlacement } from "./layout.ts";
import { layoutDemand, makePlan, type Plan } from "./plan.ts";
import { readSharedMemory, type SharedMemory } from "./shared-memory.ts";
import { demandSnapshots } from "./snapshot-demand.ts";
import { readTopology, type Topology } from "./topology.ts";

export interface LayoutChooser {
  /**
   * What CPUs and shared memory alone can tell, before a model is fetched. More threads than CPUs are a warning.
   * @throws SupervisorError `over_committed` with `strict`, `memory_short` for `workers.snapshots`
   */
  readonly check: (settings: Settings) => void;
  /**
   * The layout that the settings ask for, on the CPUs that this process may use. What runs gives its memory back. What a
   * worker command of the user's needs is not known, so that only Drover's own workers must fit.
   * @throws SupervisorError `memory_short`, and `over_committed` with `strict`
   */
  readonly choose: (settings: Settings, modelPath: string, running: Running) => Promise<Chosen>;
}

/** What was started by the layout that was chosen before. */
export interface Running {
  readonly workers: number;
  /** What snapshots take now. */
  readonly snapshotBytes: number;
  /** Their limit, where it is to be kept rather than to follow each change of the free memory; 0: none. */
  readonly snapshotLimitBytes: number;
}

export const NOTHING_RUNS: Running = { workers: 0, snapshotBytes: 0, snapshotLimitBytes: 0 };

export interface Chosen {
  readonly layout: Layout;
  /** Most bytes of snapshots; 0: none are kept. */
  readonly snapshotLimitBytes: number;
  /** Why none are kept. */
  readonly noSnapshots?: string | undefined;
}

/** How the machine is looked at. */
export interface MachineProbes {
  readonly read: () => Topology;
  readonly readShared: () => SharedMemory;
  /** Whether a process may be bound to the node's memory. */
  readonly canBind: (node: number) => boolean;
  readonly platform: NodeJS.Platform;
}

/** Chooses layouts on this machine as it is at each call, and says each warning once. */
export function createLayoutChooser(
  logger: Logger,
  {
    read = readTopology,
    readShared = readSharedMemory,
    canBind = canBindMemory,
    platform = process.platform,
  }: Partial<MachineProbes> = {},
): LayoutChooser {
  let workerBytes = 0;
  let warned: readonly string[] = [];
  let hasSaidUnpinned = false;
  const warn = (warnings: readonly string[], strict: boolean): void => {
    for (const warning of warnings.filter((warning) => !warned.includes(warning))) {
      if (strict) throw new SupervisorError("over_committed", warning);
      logger.warn(warning);
    }
    warned = warnings;
  };
  return {
    check: (settings) => {
      if (settings.workers.pin && platform !== "linux" && !hasSaidUnpinned) {
        hasSaidUnpinned = true;
        logger.warn("workers are not pinned to CPUs: this is not Linux");
      }
      const topology = read();
      const { refused } = demandSnapshots(settings, readShared(), topology.memory);
      if (refused !== undefined) throw new SupervisorError("memory_short", refused);
      warn(layOut(topology, layoutDemand(settings)).warnings, settings.strict);
    },
    choose: async (settings, modelPath, running) => {
      const topology = read();
      const freeBytes = topology.memory.freeBytes + running.workers * workerBytes + running.snapshotBytes;
      const memory = { ...topology.memory, freeBytes };
      const shared = readShared();
      const plan = makePlan({ ...topology, memory }, settings, await readModelInfo(modelPath), {
        ...shared,
        freeBytes: shared.freeBytes + running.snapshotBytes,
      });
      const refused = settings.workers.command === undefined ? refusal(plan) : plan.snapshots.refused;
      if (refused !== undefined) throw new SupervisorError("memory_short", refused);
      warn(plan.layout.warnings, settings.strict);
      for (const reason of plan.layout.reasons) logger.debug(`placement: ${reason}`);
      workerBytes = plan.need.perWorker.totalBytes;
      const layout = unbindUnless(canBind, plan.layout, logger);
      const snapshotLimitBytes = keepLimit(running.snapshotLimitBytes, plan);
      const noSnapshots = plan.snapshots.reason ?? "the workers leave no memory for them";
      return { layout, snapshotLimitBytes, ...(snapshotLimitBytes === 0 ? { noSnapshots } : {}) };
    },
  };
}

/** Whether `numactl` is here and may bind a process to the node. */
function canBindMemory(node: number): boolean {
  const { status } = spawnSync("numactl", [`--membind=${node}`, "--", "true"], { stdio: "ignore", timeout: 2000 });
  return status === 0;
}

/** A limit that is all but what `auto` would choose now stays, because another one needs new workers. */
function keepLimit(before: number, { budget, snapshots }: Plan): number {
  const isAuto = snapshots.leastBytes < snapshots.mostBytes;
  return isAuto && before > 0 && budget.snapshotBytes >= before * KEPT_SHARE ? before : budget.snapshotBytes;
}

const KEPT_SHARE = 7 / 8;

/** Seccomp filters and cpusets of containers often forbid it, and numactl would then end instead of the worker starting. */
function unbindUnless(canBind: (node: number) => boolean, layout: Layout, logger: Logger): Layout {
  const bound = new Set(layout.placements.flatMap((placement) => placement.boundNode ?? []));
  const refused = new Set([...bound].filter((node) => !canBind(node)));
  if (refused.size === 0) return layout;
  logger.debug(`placement: memory can't be bound to NUMA nodes ${[...refused].join(", ")} here; it is left unbound`);
  const unbind = ({ boundNode, ...placement }: WorkerPlacement): WorkerPlacement =>
    boundNode === undefined || refused.has(boundNode) ? placement : { ...placement, boundNode };
  return { ...layout, placements: layout.placements.map(unbind) };
}

/** Workers to run, where `running` run now: as many as have a placement, or as many as run now where that is within the range. */
export function countOf({ workers: { count } }: Settings, layout: Layout, running: number): number {
  if (count === "auto" || typeof count === "number") return layout.placements.length;
  const { min, max } = parseRange(count) ?? { min: 1, max: 1 };
  return Math.min(max, layout.placements.length, Math.max(min, running));
}
