import {
  type Balancer,
  BalancerError,
  type BalancerOptions,
  createBalancer,
  type ListenAddress,
} from "@drover/balancer";
import type { LoadedSettings, Settings } from "@drover/config";
import { createConsole } from "@drover/console";
import type { Logger } from "pino";
import { adminActions, reloadUnder } from "../admin/admin-actions.ts";
import { adminPath } from "../admin/admin-path.ts";
import { createAdminServer } from "../admin/admin-server.ts";
import { claimSocket } from "../admin/claim-socket.ts";
import { systemClock } from "@drover/foundation/clock";
import { systemRandom } from "@drover/foundation/randomness";
import { type ExitCode, SupervisorError } from "../errors.ts";
import { countOf, createLayoutChooser, type LayoutChooser, NOTHING_RUNS } from "../placement/choose-layout.ts";
import type { Layout } from "../placement/layout.ts";
import { readTopology } from "../placement/topology.ts";
import { joinServiceManager } from "../systemd/join.ts";
import type { ServiceManager } from "../systemd/service-manager.ts";
import { askCanary } from "../workers/canary.ts";
import { followLoad } from "../workers/follow-load.ts";
import { withProbes } from "../workers/probe-command.ts";
import { residentBytes } from "../workers/process-memory.ts";
import { fitsBeside } from "../workers/rolling.ts";
import { SnapshotDirectory } from "../workers/snapshot-directory.ts";
import { spawnWorker } from "../workers/spawn-worker.ts";
import { Supervisor } from "../workers/supervisor.ts";
import type { ServedModel } from "../workers/worker-launch.ts";
import { workerMetrics } from "../workers/worker-metrics.ts";
import { hasProcess } from "../workers/worker-states.ts";
import type { Display } from "./display.ts";
import { downloadLog } from "./download-log.ts";
import { type EndRequests, listenForEnd } from "./end-requests.ts";
import type { Logs } from "./logs.ts";
import { prepareModel } from "./prepare-model.ts";
import { Reloader } from "./reload.ts";
import { listenForOrders, type SignalOrders } from "./signal-orders.ts";

/** What `drover up` runs with. */
export interface UpOptions {
  readonly settings: Settings;
  /** Reads the settings again, with these flags on top of those that were typed. Throws ConfigError. */
  readonly loadSettings: (flags: Readonly<Record<string, unknown>>) => LoadedSettings;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly version: string;
  readonly logs: Logs;
  readonly display: Display;
}

const KEEP_EVERY_MS = 5000;

/** Composition root of `drover up`: resolves with the exit code once everything it started is gone. */
export async function up(around: UpOptions): Promise<ExitCode> {
  const { environment, settings, logs } = around;
  const snapshots = new SnapshotDirectory(logs.logger);
  snapshots.removeLeftOvers();
  const chooser = createLayoutChooser(logs.logger);
  chooser.check(settings);
  let parts: { readonly supervisor: Supervisor; readonly reloader: Reloader } | undefined;
  let balancer: Balancer | undefined;
  let address: ListenAddress | undefined;
  const manager = joinServiceManager({
    logger: logs.logger,
    balancer: () => balancer?.status(),
    workers: () => parts?.supervisor.workerCount ?? 0,
    address: () => address,
    lastCheckAt: () => parts?.supervisor.lastCheckAt,
  });
  const end = listenForEnd(() => {
    parts?.supervisor.killAll();
    process.exit(1);
  });
  const orders = listenForOrders(logs.logger);
  const admin = createAdminServer(adminActions(() => parts, { end, logs, manager }));
  // For every end that is not SIGKILL, a crash too.
  const removeSnapshots = () => snapshots.remove();
  process.on("exit", removeSnapshots);
  const stopKeeping = systemClock.every(KEEP_EVERY_MS, () => snapshots.keep());
  const releaseSocket = await claimSocket(admin, adminPath(settings.admin.socket, environment));
  try {
    const model = await fetchUnlessEnded(around, end);
    if (model === undefined) return 0;
    const { layout, snapshotLimitBytes } = await chooser.choose(settings, model.path, NOTHING_RUNS);
    snapshots.settle(snapshotLimitBytes);
    // A size that was asked for has to be had; `auto` does without.
    if (snapshotLimitBytes > 0 && settings.workers.snapshots !== "auto") snapshots.make();
    const sockets = manager.sockets.map(({ fd }) => fd);
    const page = { name: "Drover", version: around.version };
    const hooks = {
      events: { onWakeNeeded: () => void parts?.supervisor.wake() },
      moreMetrics: async () => workerMetrics(await parts?.supervisor.status()),
      // A command of the user's may have a page of its own there.
      guest: createConsole(),
      frontPage: () => ((parts?.reloader.settings ?? settings).workers.command === undefined ? page : undefined),
    };
    [balancer, address] = await openDoor(around, sockets, hooks);
    parts = createWorkers(around, { model, layout, chooser, balancer, snapshots, snapshotLimitBytes });
    await serve(around, { ...parts, balancer, end, orders, address, manager, count: countOf(settings, layout, 0) });
    return 0;
  } finally {
    stopKeeping();
    removeSnapshots();
    process.off("exit", removeSnapshots);
    manager.close();
    releaseSocket();
    admin.close();
    admin.closeAllConnections();
    orders.close();
    end.close();
  }
}

/** The model, or undefined where somebody asked for the end first. */
async function fetchUnlessEnded(
  { settings, environment, display }: UpOptions,
  end: EndRequests,
): Promise<ServedModel | undefined> {
  const cancel = new AbortController();
  const { onProgress, onRetry } = display.download;
  const options = { environment, onProgress, onRetry, signal: cancel.signal };
  const prepared = prepareModel(settings.model, options);
  try {
    return await Promise.race([prepared, end.first.then(() => undefined)]);
  } finally {
    cancel.abort();
    display.download.ended();
    await prepared.catch(() => {});
  }
}

async function openDoor(
  { settings, logs }: UpOptions,
  listenFds: readonly number[],
  hooks: Pick<BalancerOptions, "events" | "moreMetrics" | "frontPage" | "guest">,
): Promise<readonly [Balancer, ListenAddress]> {
  try {
    const balancer = createBalancer({
      settings,
      logger: logs.logger,
      clock: systemClock,
      random: systemRandom,
      ...hooks,
      ...(listenFds.length === 0 ? {} : { listenFds }),
    });
    const [address] = await balancer.listen();
    if (address === undefined) throw new SupervisorError("listen_failed", "the public port could not be opened");
    return [balancer, address];
  } catch (error) {
    if (error instanceof BalancerError) throw new SupervisorError("listen_failed", error.message, { cause: error });
    throw error;
  }
}

function createWorkers(
  { environment, settings, logs, display, loadSettings }: UpOptions,
  made: {
    readonly model: ServedModel;
    readonly layout: Layout;
    readonly chooser: LayoutChooser;
    readonly balancer: Balancer;
    readonly snapshots: SnapshotDirectory;
    readonly snapshotLimitBytes: number;
  },
): { readonly supervisor: Supervisor; readonly reloader: Reloader } {
  const { logger } = logs;
  let current = () => settings;
  const probes = {
    clock: systemClock,
    rule: () => current().checks,
    longestPeriodMs: () => current().supervision.livenessTimeout / 2,
  };
  const supervisor = new Supervisor({
    ...made,
    settings,
    logger,
    spawn: withProbes(spawnWorker, probes),
    askCanary,
    fitsBeside: (old) => fitsBeside(residentBytes(old.runner.pid), readTopology().memory.freeBytes),
    clock: systemClock,
    random: systemRandom,
    onProgress: display.loading,
    onChange: ({ worker, to }) => {
      if (to === "starting") display.loading(worker, 0);
      if (!hasProcess(to)) display.loading(worker, 1);
    },
  });
  const reloader = new Reloader(settings, {
    ...made,
    supervisor,
    logger,
    load: (model) => loadSettings(model === undefined ? {} : { model }),
    prepareModel: (model) => prepareModel(model, { environment, ...downloadLog(logger) }),
    chooseLayout: async (wanted, { path }) => {
      const isSame = wanted.workers.snapshots === reloader.settings.workers.snapshots;
      return await made.chooser.choose(wanted, path, {
        workers: supervisor.workerCount,
        snapshotBytes: await made.snapshots.bytes(),
        snapshotLimitBytes: isSame ? made.snapshots.limitBytes : 0,
      });
    },
    countOf,
  });
  current = () => reloader.settings;
  return { supervisor, reloader };
}

interface Running {
  readonly supervisor: Supervisor;
  readonly reloader: Reloader;
  readonly balancer: Balancer;
  readonly end: EndRequests;
  readonly orders: SignalOrders;
  readonly address: ListenAddress;
  readonly manager: ServiceManager;
  readonly count: number;
}

/** From the first worker's start to the last one's end. */
async function serve(around: UpOptions, running: Running): Promise<void> {
  const { supervisor, reloader, balancer, end, orders, address, manager, count } = running;
  const { logger } = around.logs;
  let drainTimeoutMs = 0;
  supervisor.start(count);
  orders.begin({
    reload: () => void reloadUnder(manager, reloader, undefined).catch((error: Error) => logger.error(error.message)),
    dump: () => void dumpState(logger, running),
  });
  const stopFollowing = followLoad({
    supervisor,
    balancer,
    settings: () => reloader.settings,
    clock: systemClock,
    logger,
  });
  try {
    const isServing = await Promise.race([supervisor.firstReady.then(() => true), end.first.then(() => false)]);
    if (isServing) {
      around.display.serving(address);
      void manager.ready();
    }
    const who = await end.first;
    void manager.stopping();
    drainTimeoutMs = reloader.settings.supervision.drainTimeout;
    logger.info(`${who}: running answers have ${drainTimeoutMs / 1000} s to end`);
  } finally {
    stopFollowing();
    around.display.end();
    await balancer.close({ drainTimeoutMs });
    await supervisor.stop();
    logger.info("every worker has ended");
  }
}

/** SIGQUIT: everything there is to know, as one log entry. */
async function dumpState(logger: Logger, { supervisor, reloader, balancer }: Running): Promise<void> {
  const { workers } = await supervisor.status();
  const state = { workers, balancer: balancer.status(), settings: reloader.settings, memory: process.memoryUsage() };
  logger.info({ state: { ...state, resources: process.getActiveResourcesInfo() } }, "state, as SIGQUIT asked");
}
