import { randomBytes } from "node:crypto";
import { type Settings, workerSettings } from "@drover/config";
import type { WorkerOptions } from "@drover/contract/worker-options";
import type { WorkerPlacement } from "../placement/layout.ts";
import { AUTO_SLOTS } from "../placement/plan.ts";

/** Everything a worker's process is started from. */
export interface WorkerLaunch {
  readonly options: WorkerOptions;
  /** CPUs that it may use; undefined: not pinned. */
  readonly cpus: readonly number[] | undefined;
  /** NUMA node that its memory is bound to; undefined: not bound. */
  readonly numaNode?: number | undefined;
  /** Runs instead of Drover's own worker. */
  readonly command: string | undefined;
  /** Number of the worker, for `{index}` of a command. */
  readonly index: number;
  readonly secret: string;
  /** Its CPUs follow the load; absent: it keeps those that it was started on. */
  readonly leases?: LaunchLeases | undefined;
}

/** What whoever leases CPUs has to know of a worker. */
export interface LaunchLeases {
  /** Its name in the balancer. */
  readonly upstream: string;
  /** NUMA node that it computes on; undefined: any. */
  readonly node: number | undefined;
  /** CPUs that it has while everybody computes. */
  readonly home: readonly number[];
}

/** The model as the workers get it. */
export interface ServedModel {
  readonly path: string;
  /** Name for clients; undefined: the file's. */
  readonly id: string | undefined;
  /** Changes when the file does, though its path stays. */
  readonly version: string;
}

/** A command of the user's own takes what comes, unless told otherwise. */
const NO_LIMIT = 0;

/** What a worker is started from, by the settings. Each start has a new secret. */
export function workerLaunch(
  settings: Settings,
  model: ServedModel,
  placement: WorkerPlacement,
  where: {
    readonly port: number;
    readonly index: number;
    readonly snapshots: WorkerOptions["snapshots"];
    /** Its name in the balancer. */
    readonly upstream: string;
  },
): WorkerLaunch {
  const { leases, slots = AUTO_SLOTS } = placement;
  const threads = leases?.counts[0] ?? placement.threads;
  const options = workerOptions(settings, model, { port: where.port, threads, slots });
  return {
    options: {
      ...options,
      ...(where.snapshots === undefined ? {} : { snapshots: where.snapshots }),
      ...(leases === undefined ? {} : { leases }),
    },
    leases: leases === undefined ? undefined : { upstream: where.upstream, node: placement.node, home: placement.cpus },
    cpus: settings.workers.pin ? placement.cpus : undefined,
    numaNode: settings.workers.pin ? placement.boundNode : undefined,
    command: settings.workers.command,
    index: where.index,
    secret: randomBytes(16).toString("hex"),
  };
}

/** The options of Drover's own worker, by the settings. */
export function workerOptions(
  settings: Settings,
  model: Pick<ServedModel, "path" | "id">,
  /** `slots` where the settings leave them open. @default 8 slots */
  given: { readonly port: number; readonly threads: number; readonly slots?: number },
): WorkerOptions {
  const { command, slots, context } = settings.workers;
  return {
    ...workerSettings(settings),
    modelPath: model.path,
    ...(model.id === undefined ? {} : { modelId: model.id }),
    port: given.port,
    threads: given.threads,
    slots: slots === "auto" ? (command === undefined ? (given.slots ?? AUTO_SLOTS) : NO_LIMIT) : slots,
    ...(context === "auto" ? {} : { contextTokens: context }),
    logLevel: workerLogLevel(settings.log.level),
  };
}

function workerLogLevel(level: Settings["log"]["level"]): NonNullable<WorkerOptions["logLevel"]> {
  return level === "fatal" || level === "silent" ? "error" : level;
}
