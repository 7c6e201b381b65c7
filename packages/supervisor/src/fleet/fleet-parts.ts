import type { Settings } from "@drover/config";
import { systemClock } from "@drover/foundation/clock";
import { systemRandom } from "@drover/foundation/randomness";
import type { Logger } from "pino";
import type { LeaseKeeper } from "../leases/lease-keeper.ts";
import type { Layout } from "../placement/layout.ts";
import { workerLaunch } from "../process/launch.ts";
import { outOfMemoryKills } from "../process/memory.ts";
import { forwardLine } from "../process/output.ts";
import { withProbes } from "../process/command/probes.ts";
import { spawnWorker } from "../process/spawn.ts";
import type { ProcessEnd } from "../process/spawned-process.ts";
import type { SnapshotDirectory } from "../snapshots/snapshot-directory.ts";
import type { Recipe } from "../worker/recipe.ts";
import type { WorkerChange } from "../worker/worker-change.ts";
import type { WorkerParts } from "../worker/worker.ts";
import type { Ports } from "./ports.ts";

/** What a fleet needs of its surroundings. */
export interface FleetParts extends Pick<WorkerParts, "balancer" | "onHeard" | "onProgress"> {
  /** Of the workers that are started first. */
  readonly recipe: Recipe;
  readonly snapshots: SnapshotDirectory;
  /** One placement for each worker; workers beyond it share placements. */
  readonly layout: Layout;
  /** Gives the workers their CPUs. */
  readonly leases: Pick<LeaseKeeper, "lend" | "cpusOf">;
  readonly logger: Logger;
  readonly onChange: (change: WorkerChange) => void;
}

/** What each worker of a fleet is given. */
export function createWorkerParts(
  { balancer, leases, snapshots, logger, onProgress, onHeard }: FleetParts,
  ports: Ports,
  { settings, onChange }: { readonly settings: () => Settings; readonly onChange: WorkerParts["onChange"] },
): WorkerParts {
  const probes = {
    clock: systemClock,
    rule: () => settings().checks,
    longestPeriodMs: () => settings().supervision.livenessTimeout / 2,
  };
  return {
    balancer,
    clock: systemClock,
    random: systemRandom,
    spawn: leases.lend(withProbes(spawnWorker, probes)),
    limits: () => settings().supervision,
    onChange,
    onHeard,
    launch: async ({ id, index, placement, recipe, traffic }) =>
      workerLaunch(recipe.settings, recipe.model, placement, {
        port: await ports.pick(traffic.id, id, recipe.settings.workers.firstPort),
        index,
        upstream: traffic.id,
        snapshots: snapshots.forWorker(recipe.snapshotLimitBytes),
      }),
    onLine: ({ id }, line) => forwardLine(logger.child({ worker: id }), line),
    onProgress,
    explainEnd: createEndReader(),
  };
}

/** Finds out whether the kernel killed a process because it ran out of memory. */
function createEndReader(): (end: ProcessEnd) => string | undefined {
  let known = outOfMemoryKills();
  return ({ signal }) => {
    const kills = outOfMemoryKills();
    const isNew = kills !== undefined && known !== undefined && kills > known;
    known = kills;
    if (signal !== "SIGKILL" || !isNew) return undefined;
    return "killed by the kernel: out of memory. Use fewer --workers, --slots or a smaller --ctx";
  };
}

/** One line for each change of a worker's state. */
export function logChange(logger: Logger, change: WorkerChange, isEnding: boolean): void {
  const { worker, from, to, event, reason } = change;
  const isBad = (event === "crashed" || event === "gave-up" || event === "hung") && !isEnding;
  const why = isBad && reason !== undefined ? ` (${reason})` : "";
  const fields = { worker, from, to, event, ...(why === "" ? {} : { reason }) };
  logger[isBad ? "warn" : "info"](fields, `${from} -> ${to}${why}`);
}
