import { existsSync } from "node:fs";
import {
  type Balancer,
  BalancerError,
  type BalancerOptions,
  createBalancer,
  type ListenAddress,
} from "@drover/balancer";
import type { Settings } from "@drover/config";
import { adminPath } from "./admin/admin-path.ts";
import { adminActions, reloadUnder } from "./admin/admin-actions.ts";
import { createAdminServer } from "./admin/admin-server.ts";
import { claimSocket } from "./admin/claim-socket.ts";
import { systemClock, systemRandom } from "./clock.ts";
import type { ExitCode, Invocation } from "./commands/command.ts";
import { type EndRequests, listenForEnd } from "./end-requests.ts";
import { SupervisorError } from "./errors.ts";
import { createLogs, descriptorSink, type LogLine, type Logs, prettyLine } from "./logs.ts";
import { countOf, createLayoutChooser, type LayoutChooser, NOTHING_RUNS } from "./placement/choose-layout.ts";
import type { Layout } from "./placement/layout.ts";
import { packageVersion } from "./package-version.ts";
import { readTopology } from "./placement/topology.ts";
import { prepareModel } from "./prepare-model.ts";
import { Reloader } from "./reload.ts";
import { listenForOrders, type SignalOrders } from "./signal-orders.ts";
import { joinServiceManager } from "./systemd/join.ts";
import { journalLine, leadsToJournal, prioritized } from "./systemd/journal.ts";
import type { ServiceManager } from "./systemd/service-manager.ts";
import { wantsColours } from "./terminal/colours.ts";
import { createDownloadBar, downloadLog } from "./terminal/download.ts";
import { createProgress, type Progress } from "./terminal/progress.ts";
import { curlWords, programName, publicUrl, realModelHint, welcomeOf, welcomeText } from "./terminal/welcome.ts";
import { askCanary } from "./workers/canary.ts";
import { followLoad } from "./workers/follow-load.ts";
import { withProbes } from "./workers/probe-command.ts";
import { residentBytes } from "./workers/process-memory.ts";
import { fitsBeside } from "./workers/rolling.ts";
import { spawnWorker } from "./workers/spawn-worker.ts";
import { SnapshotDirectory } from "./workers/snapshot-directory.ts";
import { Supervisor } from "./workers/supervisor.ts";
import { hasProcess } from "./workers/worker-states.ts";
import type { ServedModel } from "./workers/worker-launch.ts";
import { workerMetrics } from "./workers/worker-metrics.ts";
import type { Logger } from "pino";

/** Composition root of `drover up`: resolves with the exit code once everything it started is gone. */
export async function up(invocation: Invocation): Promise<ExitCode> {
  const { settings } = invocation.settings();
  const isPretty = settings.log.format === "pretty" || (settings.log.format === "auto" && invocation.stdout.isTTY);
  const output = descriptorSink(1, systemClock);
  const progress = createProgress(invocation.stderr, output.write);
  const sink = { write: progress.print, flush: output.flush };
  const logs = createLogs({ level: settings.log.level, show: lineFormat(invocation, settings, isPretty), sink });
  try {
    return await run({ invocation, settings, logs, progress, isPretty, write: output.write });
  } finally {
    progress.end();
    await logs.flush();
  }
}

function lineFormat(invocation: Invocation, settings: Settings, isPretty: boolean): (line: LogLine) => string {
  if (isPretty) return prettyLine(wantsColours(invocation.stdout, invocation.environment));
  if (!leadsToJournal(invocation.environment, 1)) return (line) => line;
  return settings.log.format === "json" ? prioritized : journalLine;
}

const KEEP_EVERY_MS = 5000;

interface Surroundings {
  readonly invocation: Invocation;
  readonly settings: Settings;
  readonly logs: Logs;
  readonly progress: Progress;
  readonly isPretty: boolean;
  readonly write: (text: string) => void;
}

async function run(around: Surroundings): Promise<ExitCode> {
  const { invocation, settings, logs } = around;
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
  const releaseSocket = await claimSocket(admin, adminPath(settings.admin.socket, invocation.environment));
  try {
    const model = await fetchUnlessEnded(around, end);
    if (model === undefined) return 0;
    const { layout, snapshotLimitBytes } = await chooser.choose(settings, model.path, NOTHING_RUNS);
    snapshots.settle(snapshotLimitBytes);
    // A size that was asked for has to be had; `auto` does without.
    if (snapshotLimitBytes > 0 && settings.workers.snapshots !== "auto") snapshots.make();
    const sockets = manager.sockets.map(({ fd }) => fd);
    const page = { name: "Drover", version: packageVersion() };
    const hooks = {
      events: { onWakeNeeded: () => void parts?.supervisor.wake() },
      moreMetrics: async () => workerMetrics(await parts?.supervisor.status()),
      // A command of the user's may have a page of its own there.
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
  { settings, invocation, logs }: Surroundings,
  end: EndRequests,
): Promise<ServedModel | undefined> {
  const cancel = new AbortController();
  const bar = createDownloadBar(invocation.stderr, "fetching the model");
  const { environment } = invocation;
  const told = downloadLog(logs.logger);
  const onProgress = invocation.stderr.isTTY ? bar.onProgress : told.onProgress;
  const options = { environment, onProgress, onRetry: told.onRetry, signal: cancel.signal };
  const prepared = prepareModel(settings.model, options);
  try {
    return await Promise.race([prepared, end.first.then(() => undefined)]);
  } finally {
    cancel.abort();
    bar.end();
    await prepared.catch(() => {});
  }
}

async function openDoor(
  { settings, logs }: Surroundings,
  listenFds: readonly number[],
  hooks: Pick<BalancerOptions, "events" | "moreMetrics" | "frontPage">,
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
  { invocation, settings, logs, progress }: Surroundings,
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
    onProgress: progress.update,
    onChange: ({ worker, to }) => {
      if (to === "starting") progress.update(worker, 0);
      if (!hasProcess(to)) progress.update(worker, 1);
    },
  });
  const reloader = new Reloader(settings, {
    ...made,
    supervisor,
    logger,
    load: (model) => invocation.settings(model === undefined ? {} : { model }),
    prepareModel: (model) => prepareModel(model, { environment: invocation.environment, ...downloadLog(logger) }),
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
async function serve(around: Surroundings, running: Running): Promise<void> {
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
      sayWelcome(around, address);
      void manager.ready();
    }
    const who = await end.first;
    void manager.stopping();
    drainTimeoutMs = reloader.settings.supervision.drainTimeout;
    logger.info(`${who}: running answers have ${drainTimeoutMs / 1000} s to end`);
  } finally {
    stopFollowing();
    around.progress.end();
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

function sayWelcome({ invocation, settings, logs, isPretty, progress }: Surroundings, address: ListenAddress): void {
  const welcome = welcomeOf(settings, address, programName(invocation.environment, existsSync));
  const url = publicUrl(welcome);
  if (isPretty) progress.print(welcomeText(welcome));
  else logs.logger.info({ url, curl: curlWords(welcome).join(" "), ...realModelHint(welcome) }, `serving on ${url}`);
}
