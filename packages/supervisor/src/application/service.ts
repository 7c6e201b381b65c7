import { type Balancer, createBalancer, type ListenAddress, type Readiness } from "@drover/balancer";
import type { Settings } from "@drover/config";
import { systemClock } from "@drover/foundation/clock";
import { packageVersion } from "@drover/foundation/files/package-version";
import type { AdminActions } from "../admin/admin-server.ts";
import { SupervisorError } from "../errors.ts";
import { Fleet } from "../fleet/fleet.ts";
import type { Sleep } from "../fleet/fleet-sleep.ts";
import { LeaseKeeper } from "../leases/lease-keeper.ts";
import type { Chosen, LayoutChooser } from "../placement/choose-layout.ts";
import type { ServedModel } from "../process/launch.ts";
import type { SnapshotDirectory } from "../snapshots/snapshot-directory.ts";
import { addCompatNames } from "../metrics/compat-metrics.ts";
import { watchFleet } from "../metrics/fleet-metrics.ts";
import { type FiguredWorker, WorkerFigureMetrics } from "../metrics/worker-figures.ts";
import type { OtlpTracing } from "../traces/otlp-tracing.ts";
import { hasProcess } from "../worker/transitions.ts";
import { openBalancerOptions } from "./balancer-options.ts";
import { consoleOf, RecentChanges } from "./console.ts";
import { orListenFailure } from "./listen-failure.ts";
import { downloadLog } from "./model/download-log.ts";
import { needsDownload, prepareModel } from "./model/prepare-model.ts";
import { Reloader } from "./reload.ts";
import type { UpOptions } from "./up-options.ts";

/** What serves a model: the public port, the workers behind it, and what brings in new settings. */
export interface Service {
  readonly balancer: Balancer;
  readonly address: ListenAddress;
  readonly fleet: Fleet;
  readonly reloader: Reloader;
  readonly leases: LeaseKeeper;
  /** undefined: no traces were asked for. */
  readonly tracing: OtlpTracing | undefined;
}

/** What was decided before a service can be made. */
export interface ServicePlan {
  readonly model: ServedModel;
  readonly chosen: Chosen;
  readonly chooser: LayoutChooser;
  readonly snapshots: SnapshotDirectory;
  /** What the console does for who has the admin key. */
  readonly actions: AdminActions;
  /** Whether it was asked to end, and only waits for balancers in front to notice. */
  readonly isLeaving: () => boolean;
  /** Sockets that the service manager has opened; empty: the public port is opened by `listen`. */
  readonly listenFds: readonly number[];
}

/**
 * Makes the workers, which do not run yet, and opens the public port. The balancer needs the workers and they need it: it is made first, and asks for nothing
 * before its port is open.
 * @throws SupervisorError `listen_failed`
 */
export async function createService(options: UpOptions, plan: ServicePlan): Promise<Service> {
  const changes = new RecentChanges();
  const common = await openBalancerOptions(options.settings, options.logs.logger);
  const { registry, tracing } = common;
  const leases = new LeaseKeeper(options.logs.logger);
  leases.use(plan.chosen.layout);
  const parts = { changes, common, leases, fleet: () => fleet, settings: () => reloader.settings };
  const balancer = await orListenFailure(() => createPublicBalancer(parts, plan));
  const figures = new WorkerFigureMetrics(registry, () => figuresOf(fleet));
  const fleet: Fleet = createFleet(options, plan, { balancer, leases, changes, figures });
  const reloader: Reloader = createReloader(options, plan, { balancer, fleet, leases });
  watchFleet(registry, { status: () => fleet.status(), isAsleep: () => fleet.sleep !== undefined }, systemClock);
  addCompatNames(registry, options.settings.metrics.compat, () => modelOf(fleet));
  const address = await openPublicPort(balancer);
  return { balancer, address, fleet, reloader, leases, tracing };
}

function figuresOf({ workers }: Fleet): readonly FiguredWorker[] {
  return workers.flatMap(({ id, process }) => (process === undefined ? [] : [{ id, figures: process.figures }]));
}

function modelOf({ workers }: Fleet): string {
  return workers.map(({ process }) => process?.readyMessage?.model).find((model) => model !== undefined) ?? "";
}

interface BalancerParts {
  readonly changes: RecentChanges;
  readonly common: Awaited<ReturnType<typeof openBalancerOptions>>;
  readonly leases: LeaseKeeper;
  readonly fleet: () => Fleet;
  /** As of the last reload. */
  readonly settings: () => Settings;
}

function createPublicBalancer(
  { changes, common, leases, fleet, settings }: BalancerParts,
  { listenFds, actions, isLeaving }: ServicePlan,
): Balancer {
  const page = { name: "Drover", version: packageVersion() };
  return createBalancer({
    ...common,
    events: {
      onWakeNeeded: () => void fleet().wake(),
      onIsolationWanted: () => fleet().isolation.want(),
      onIsolationOver: () => void fleet().isolation.end(),
    },
    standBy: (able, inFlight) => leases.standBy(able, inFlight),
    readiness: () => readinessOf(isLeaving(), fleet().sleep),
    guest: consoleOf(actions, changes, settings),
    ownsApi: () => settings().workers.command === undefined,
    // A command of the user's may have a page of its own there.
    frontPage: () => (settings().workers.command === undefined ? page : undefined),
    ...(listenFds.length === 0 ? {} : { listenFds }),
  });
}

function readinessOf(isLeaving: boolean, sleep: Sleep | undefined): Readiness | undefined {
  if (isLeaving) return { kind: "leaving" };
  return sleep === undefined ? undefined : { kind: "asleep", responses: sleep.responses };
}

async function openPublicPort(balancer: Balancer): Promise<ListenAddress> {
  const [address] = await orListenFailure(() => balancer.listen());
  if (address === undefined) throw new SupervisorError("listen_failed", "the public port could not be opened");
  return address;
}

/** What the fleet tells, and whom. */
interface Around extends Pick<Service, "balancer" | "leases"> {
  readonly changes: RecentChanges;
  readonly figures: WorkerFigureMetrics;
}

function createFleet(
  { settings, logs, display }: UpOptions,
  { model, chosen, snapshots }: ServicePlan,
  { balancer, leases, changes, figures }: Around,
): Fleet {
  return new Fleet({
    recipe: { settings, model, snapshotLimitBytes: chosen.snapshotLimitBytes },
    layout: chosen.layout,
    snapshots,
    balancer,
    logger: logs.logger,
    leases,
    onProgress: ({ id }, progress) => display.loading(id, progress),
    onHeard: ({ id, traffic, process }, message) => {
      if (message.type === "request-ended") balancer.requestEnded(traffic.id, message.report);
      if (message.type === "heartbeat" && process !== undefined) figures.hear(id, process, process.figures);
    },
    onChange: (change) => {
      const { worker, to } = change;
      changes.add(change);
      if (to === "starting") {
        figures.begin(worker);
        display.loading(worker, { share: 0, isReady: false });
      }
      if (!hasProcess(to)) display.loading(worker, { share: 1, isReady: true });
    },
  });
}

function createReloader(
  { settings, environment, logs: { logger }, loadSettings }: UpOptions,
  { chooser, snapshots }: ServicePlan,
  { balancer, fleet, leases }: Pick<Service, "balancer" | "fleet" | "leases">,
): Reloader {
  const reloader: Reloader = new Reloader(settings, {
    fleet,
    snapshots,
    balancer,
    logger,
    load: (model) => loadSettings(model === undefined ? {} : { model }),
    needsDownload: (model) => needsDownload(model, environment),
    prepareModel: ({ model, maxDownload }, signal) =>
      prepareModel(model, { environment, mostBytes: maxDownload, signal, ...downloadLog(logger) }),
    chooseLayout: async (wanted, { path }) => {
      const isSame = wanted.workers.snapshots === reloader.settings.workers.snapshots;
      const chosen = await chooser.choose(wanted, path, {
        workers: fleet.workerCount,
        snapshotBytes: await snapshots.bytes(),
        snapshotLimitBytes: isSame ? snapshots.limitBytes : 0,
      });
      leases.use(chosen.layout);
      return chosen;
    },
  });
  return reloader;
}
