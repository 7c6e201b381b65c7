import { adminPath } from "../admin/admin-path.ts";
import type { DroverStatus, ServiceStatus } from "../admin/drover-status.ts";
import { type AdminActions, createAdminServer } from "../admin/admin-server.ts";
import { claimSocket } from "../admin/claim-socket.ts";
import { pause, systemClock } from "@drover/foundation/clock";
import { packageVersion } from "@drover/foundation/files/package-version";
import { Transfer } from "@drover/models/transfer";
import type { OnProgress } from "@drover/models";
import type { ExitCode } from "../errors.ts";
import { followLoad } from "../fleet/follow-load.ts";
import { countOf, createLayoutChooser, type LayoutChooser, NOTHING_RUNS } from "../placement/choose-layout.ts";
import type { ServedModel } from "../process/launch.ts";
import { hasProgram } from "../process/programs.ts";
import { SnapshotDirectory } from "../snapshots/snapshot-directory.ts";
import { joinServiceManager } from "../systemd/join.ts";
import type { ServiceManager } from "../systemd/service-manager.ts";
import { adminActions, reloadUnder } from "./admin-actions.ts";
import { checkPublicAddresses, checkSettings } from "./check-settings.ts";
import { type EndRequests, listenForSignals } from "./signals/listen-for-signals.ts";
import { logState } from "./signals/log-state.ts";
import { watchLauncher } from "./signals/launcher.ts";
import { missingHere } from "./missing-programs.ts";
import { prepareModel } from "./model/prepare-model.ts";
import { publicUrl } from "./public-url.ts";
import { createService, type Service } from "./service.ts";
import type { UpOptions } from "./up-options.ts";
import { upstreamRows } from "./balance/upstream-rows.ts";

const KEEP_SNAPSHOTS_EVERY_MS = 5000;

/** `drover up`: resolves with the exit code once everything it started is gone. */
export async function up(options: UpOptions): Promise<ExitCode> {
  return await new Application(options).run();
}

/**
 * The process of `drover up`. Its parts are made in the order in which they need each other, and taken down in the reverse order:
 * snapshots and layout, signals, service manager, admin socket; then, with the model at hand, the {@link Service}.
 */
class Application {
  readonly #options: UpOptions;
  readonly #snapshots: SnapshotDirectory;
  readonly #chooser: LayoutChooser;
  readonly #manager: ServiceManager;
  readonly #end: EndRequests;
  readonly #actions: AdminActions;
  readonly #undo: (() => void)[] = [];
  #isLeaving = false;
  #isServing = false;
  /** A SIGHUP came before there was anything to reload. */
  #isReloadDue = false;
  #missing: readonly string[] = [];
  readonly #download = new Transfer();
  /** undefined while the model is prepared. */
  #service: Service | undefined;

  constructor(options: UpOptions) {
    const { logger } = options.logs;
    this.#options = options;
    this.#snapshots = new SnapshotDirectory(logger);
    this.#chooser = createLayoutChooser(logger);
    this.#end = listenForSignals({
      onSecondEnd: () => {
        this.#service?.fleet.killAll();
        process.exit(1);
      },
      onReload: () => this.#reload(),
      onQuit: () => void this.#dumpState(),
    });
    const stopWatching = watchLauncher(options.environment, this.#end.ask);
    this.#manager = joinServiceManager({
      logger,
      balancer: () => this.#service?.balancer.status(),
      workers: () => this.#service?.fleet.workerCount ?? 0,
      address: () => this.#service?.address,
      lastCheckAt: () => this.#service?.fleet.lastCheckAt,
    });
    const status = () => this.#status();
    const handles = { status, end: this.#end, logs: options.logs, manager: this.#manager };
    this.#actions = adminActions(() => this.#service, handles);
    this.#undo.push(this.#end.close, stopWatching, this.#manager.close);
  }

  async run(): Promise<ExitCode> {
    const { settings } = this.#options;
    try {
      this.#sayConfiguration();
      this.#snapshots.removeLeftOvers();
      await checkSettings(settings, this.#options.environment);
      this.#chooser.check(settings);
      this.#keepSnapshots();
      await this.#openAdmin();
      if (this.#manager.listenFds.length === 0) await checkPublicAddresses(settings, { mayBeTaken: false });
      const model = await this.#fetchUnlessEnded();
      if (model === undefined) return 0;
      await this.#serve(await this.#open(model));
      return 0;
    } finally {
      for (const undo of this.#undo.toReversed()) undo();
    }
  }

  #sayConfiguration(): void {
    const { file, logs } = this.#options;
    const source = file ?? "flags, environment and defaults; there is no drover.yaml here";
    logs.logger.info({ config: file ?? null }, `configuration: ${source}`);
  }

  #keepSnapshots(): void {
    const remove = () => this.#snapshots.remove();
    // For every end that is not SIGKILL, a crash too.
    process.on("exit", remove);
    const stopKeeping = systemClock.every(KEEP_SNAPSHOTS_EVERY_MS, () => this.#snapshots.keep());
    this.#undo.push(() => {
      stopKeeping();
      remove();
      process.off("exit", remove);
    });
  }

  async #openAdmin(): Promise<void> {
    const { settings, environment } = this.#options;
    const admin = createAdminServer(this.#actions);
    this.#undo.push(await claimSocket(admin, adminPath(settings.admin.socket, "up", environment)));
  }

  /** The model, or undefined where somebody asked for the end first. */
  async #fetchUnlessEnded(): Promise<ServedModel | undefined> {
    const { settings, environment, display } = this.#options;
    const cancel = new AbortController();
    const { onRetry, ended } = display.download;
    const onProgress: OnProgress = (progress) => {
      this.#download.add(progress.doneBytes, progress.totalBytes, systemClock.monotonicMs());
      display.download.onProgress(progress);
    };
    const { signal } = cancel;
    const bounds = { mostBytes: settings.maxDownload, signal };
    const prepared = prepareModel(settings.model, { environment, onProgress, onRetry, ...bounds });
    try {
      return await Promise.race([prepared, this.#end.first.then(() => undefined)]);
    } finally {
      cancel.abort();
      ended();
      await prepared.catch(() => {});
    }
  }

  /** Opens the public port and starts the workers. */
  async #open(model: ServedModel): Promise<Service> {
    const { settings } = this.#options;
    const chosen = await this.#chooser.choose(settings, model.path, NOTHING_RUNS);
    this.#snapshots.settle(chosen.snapshotLimitBytes);
    // A size that was asked for has to be had; `auto` does without.
    if (chosen.snapshotLimitBytes > 0 && settings.workers.snapshots !== "auto") this.#snapshots.make();
    this.#service = await createService(this.#options, {
      model,
      chosen,
      chooser: this.#chooser,
      snapshots: this.#snapshots,
      actions: this.#actions,
      isLeaving: () => this.#isLeaving,
      listenFds: this.#manager.listenFds,
    });
    this.#undo.push(() => this.#service?.leases.close());
    this.#missing = missingHere(settings, hasProgram, chosen.noSnapshots);
    for (const sentence of this.#missing) this.#options.logs.logger.warn(sentence);
    this.#service.fleet.start(countOf(settings, chosen.layout, 0));
    return this.#service;
  }

  /** Until the last worker has ended. */
  async #serve({ balancer, address, fleet, reloader, tracing }: Service): Promise<void> {
    const { display, logs } = this.#options;
    const { logger } = logs;
    let drainTimeoutMs = 0;
    if (this.#isReloadDue) this.#reload();
    const settings = () => reloader.settings;
    const stopFollowing = followLoad({ fleet, balancer, settings, logger });
    try {
      const isServing = await Promise.race([fleet.firstReady.then(() => true), this.#end.first.then(() => false)]);
      if (isServing) {
        this.#isServing = true;
        display.serving(address);
        void this.#manager.ready();
      }
      const who = await this.#end.first;
      void this.#manager.stopping();
      await this.#announceEnd(who, reloader.settings.supervision.shutdownDelay);
      drainTimeoutMs = reloader.settings.supervision.drainTimeout;
      logger.info(`${who}: running responses have ${drainTimeoutMs / 1000} s to end`);
    } finally {
      stopFollowing();
      display.end();
      await reloader.close();
      await balancer.close({ drainTimeoutMs });
      await tracing?.close();
      await fleet.stop();
      logger.info("every worker has ended");
    }
  }

  /** Serves on, not ready any more, until balancers in front have noticed. */
  async #announceEnd(who: string, delayMs: number): Promise<void> {
    this.#isLeaving = true;
    if (delayMs === 0) return;
    this.#options.logs.logger.info(`${who}: not ready from now on; the public port closes in ${delayMs / 1000} s`);
    await pause(systemClock, delayMs);
  }

  async #status(): Promise<DroverStatus> {
    const service = this.#service;
    const { file, settings } = this.#options;
    const version = packageVersion();
    const own = { command: "up", version, pid: process.pid, config: file ?? null, missing: this.#missing } as const;
    const wanted = service?.reloader.settings ?? settings;
    const model = wanted.workers.command === undefined ? wanted.model : null;
    if (service === undefined) {
      const phase = this.#isLeaving ? "ending" : "preparing";
      const download = this.#download.state(systemClock.monotonicMs()) ?? null;
      const state = { ...own, phase, urls: [], model, download, queue: null } as const;
      return { service: state, workers: [], snapshots: null, upstreams: [] };
    }
    const { balancer, fleet, address } = service;
    const { queue, upstreams } = balancer.status();
    const urls = [publicUrl({ ...address, isTls: wanted.tls.certificate !== undefined })];
    return {
      service: { ...own, phase: this.#phaseOf(fleet), urls, model, download: null, queue },
      ...(await fleet.status()),
      upstreams: upstreamRows({ upstreams }),
    };
  }

  #phaseOf({ sleep }: Service["fleet"]): ServiceStatus["phase"] {
    if (this.#isLeaving) return "ending";
    if (sleep !== undefined) return "asleep";
    return this.#isServing ? "serving" : "starting";
  }

  /** SIGHUP. */
  #reload(): void {
    const { logger } = this.#options.logs;
    const reloader = this.#service?.reloader;
    if (reloader === undefined) {
      this.#isReloadDue = true;
      logger.info("SIGHUP: the model is still being prepared; the configuration is read again after that");
      return;
    }
    void reloadUnder(this.#manager, reloader, undefined).catch((error: Error) => logger.error(error.message));
  }

  /** SIGQUIT. */
  async #dumpState(): Promise<void> {
    const { logger } = this.#options.logs;
    if (this.#service === undefined) {
      logger.info("SIGQUIT: the model is still being prepared, and no worker runs");
      return;
    }
    const { fleet, balancer, reloader } = this.#service;
    const { workers } = await fleet.status();
    logState(logger, { workers, balancer: balancer.status(), settings: reloader.settings });
  }
}
