import type { Settings } from "@drover/config";
import { readModelInfo } from "@drover/models";
import type { Logger } from "pino";
import { SupervisorError } from "../errors.ts";
import { refusal } from "./draw-plan.ts";
import { canBindMemory } from "./can-bind-memory.ts";
import { layOut, type Layout, type WorkerPlace } from "./layout.ts";
import { layoutWish, makePlan } from "./plan.ts";
import { readTopology, type Topology } from "./topology.ts";

export interface LayoutChooser {
  /**
   * What the CPUs alone can tell, before a model is fetched. What does not fit is a warning.
   * @throws SupervisorError `over_committed` with `strict`
   */
  readonly check: (settings: Settings) => void;
  /**
   * The layout that the settings ask for, on the CPUs that this process may use. `running` workers of the layout chosen before give their memory back. What a
   * worker command of the user's needs is not known, so that only Drover's own workers must fit.
   * @throws SupervisorError `memory_short`, and `over_committed` with `strict`
   */
  readonly choose: (settings: Settings, modelPath: string, running: number) => Promise<Layout>;
}

/** How the machine is looked at. */
export interface MachineProbes {
  readonly read: () => Topology;
  /** Whether a process may be bound to the node's memory. */
  readonly canBind: (node: number) => boolean;
  readonly platform: NodeJS.Platform;
}

/** Chooses layouts on this machine as it is at each call, and says each warning once. */
export function createLayoutChooser(
  logger: Logger,
  { read = readTopology, canBind = canBindMemory, platform = process.platform }: Partial<MachineProbes> = {},
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
      warn(layOut(read(), layoutWish(settings)).warnings, settings.strict);
    },
    choose: async (settings, modelPath, running) => {
      const topology = read();
      const freeBytes = topology.memory.freeBytes + running * workerBytes;
      const memory = { ...topology.memory, freeBytes };
      const plan = makePlan({ ...topology, memory }, settings, await readModelInfo(modelPath));
      const refused = settings.workers.command === undefined ? refusal(plan) : undefined;
      if (refused !== undefined) throw new SupervisorError("memory_short", refused);
      warn(plan.layout.warnings, settings.strict);
      for (const reason of plan.layout.reasons) logger.debug(`placement: ${reason}`);
      workerBytes = plan.need.perWorker.totalBytes;
      return unbindUnless(canBind, plan.layout, logger);
    },
  };
}

/** Containers often forbid it, and numactl would then end instead of the worker starting. */
function unbindUnless(canBind: (node: number) => boolean, layout: Layout, logger: Logger): Layout {
  const bound = new Set(layout.places.flatMap((place) => place.boundNode ?? []));
  const refused = new Set([...bound].filter((node) => !canBind(node)));
  if (refused.size === 0) return layout;
  logger.debug(`placement: memory can't be bound to NUMA nodes ${[...refused].join(", ")} here; it is left unbound`);
  const unbind = ({ boundNode, ...place }: WorkerPlace): WorkerPlace =>
    boundNode === undefined || refused.has(boundNode) ? place : { ...place, boundNode };
  return { ...layout, places: layout.places.map(unbind) };
}

/** Workers to run, where `running` run now: as many as there are places, or as many as run now where that is within the range. */
export function countOf({ workers: { count } }: Settings, layout: Layout, running: number): number {
  if (count === "auto" || typeof count === "number") return layout.places.length;
  const [min = 1, max = min] = count.split("..").map(Number);
  return Math.min(max, layout.places.length, Math.max(min, running));
}
