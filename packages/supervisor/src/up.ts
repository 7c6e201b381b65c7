import { type Balancer, BalancerError, createBalancer, type ListenAddress } from "@drover/balancer";
import type { Settings } from "@drover/config";
import { adminPath } from "./admin/admin-path.ts";
import { type AdminActions, createAdminServer } from "./admin/admin-server.ts";
import { claimSocket } from "./admin/claim-socket.ts";
import { systemClock, systemRandom } from "./clock.ts";
import type { ExitCode, Invocation } from "./commands/command.ts";
import { type EndRequests, listenForEnd } from "./end-requests.ts";
import { SupervisorError } from "./errors.ts";
import { createLogs, descriptorSink, type LogLine, type Logs, prettyLine } from "./logs.ts";
import { layOut, type Layout } from "./placement/layout.ts";
import { allowedCpus } from "./placement/topology.ts";
import { prepareModel } from "./prepare-model.ts";
import { joinServiceManager } from "./systemd/join.ts";
import { journalLine, leadsToJournal } from "./systemd/journal.ts";
import type { ServiceManager } from "./systemd/service-manager.ts";
import { createDownloadBar } from "./terminal/download.ts";
import { createProgress, type Progress } from "./terminal/progress.ts";
import { curlLine, realModelHint, welcomeText } from "./terminal/welcome.ts";
import { spawnWorker } from "./workers/spawn-worker.ts";
import { Supervisor } from "./workers/supervisor.ts";
import type { ServedModel } from "./workers/worker-launch.ts";
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
  if (isPretty) return prettyLine(invocation.stdout.isTTY);
  const isJournal = settings.log.format === "auto" && leadsToJournal(invocation.environment, 1);
  return isJournal ? journalLine : (line) => line;
}

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
  const layout = chooseLayout(settings, logs.logger);
  let supervisor: Supervisor | undefined;
  let balancer: Balancer | undefined;
  let address: ListenAddress | undefined;
  const manager = joinServiceManager({
    logger: logs.logger,
    balancer: () => balancer?.status(),
    workers: () => supervisor?.workerCount ?? layout.places.length,
    address: () => address,
    lastCheckAt: () => supervisor?.lastCheckAt,
  });
  const end = listenForEnd(() => {
    supervisor?.killAll();
    process.exit(1);
  });
  const admin = createAdminServer(adminActions(() => supervisor, end, logs));
  const releaseSocket = await claimSocket(admin, adminPath(settings.admin.socket, invocation.environment));
  try {
    const model = await fetchUnlessEnded(around, end);
    if (model === undefined) return 0;
    const sockets = manager.sockets.map(({ fd }) => fd);
    [balancer, address] = await openDoor(around, sockets);
    supervisor = createSupervisor(around, { model, layout, balancer });
    await serve(around, { supervisor, balancer, end, address, manager, count: layout.places.length });
    return 0;
  } finally {
    manager.close();
    releaseSocket();
    admin.close();
    admin.closeAllConnections();
    end.close();
  }
}

/** Layout by the settings, on the CPUs that this process may use. */
function chooseLayout(settings: Settings, logger: Logger): Layout {
  const { count, threads, pin } = settings.workers;
  const workers = count === "auto" || typeof count === "number" ? count : Number(count.split("..")[1]);
  const layout = layOut(allowedCpus(), { workers, threads });
  for (const warning of layout.warnings) {
    if (settings.strict) throw new SupervisorError("over_committed", warning);
    logger.warn(warning);
  }
  if (pin && process.platform !== "linux") logger.warn("workers are not pinned to CPUs: this is not Linux");
  return layout;
}

function adminActions(supervisor: () => Supervisor | undefined, end: EndRequests, logs: Logs): AdminActions {
  const running = (): Supervisor => {
    const found = supervisor();
    if (found === undefined) throw new SupervisorError("refused", "drover is still preparing the model");
    return found;
  };
  return {
    status: async () => (await supervisor()?.status()) ?? { workers: [] },
    scale: (count) => running().scale(count),
    restart: (worker) => running().restart(worker),
    drain: (worker) => running().drain(worker),
    undrain: (worker) => running().undrain(worker),
    stop: () => end.ask("drover stop"),
    logs,
  };
}

/** The model, or undefined where somebody asked for the end first. */
async function fetchUnlessEnded(
  { settings, invocation }: Surroundings,
  end: EndRequests,
): Promise<ServedModel | undefined> {
  const cancel = new AbortController();
  const bar = createDownloadBar(invocation.stderr, "fetching the model");
  const { environment } = invocation;
  const options = { environment, onProgress: bar.onProgress, signal: cancel.signal };
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
): Promise<readonly [Balancer, ListenAddress]> {
  try {
    const balancer = createBalancer({
      settings,
      logger: logs.logger,
      clock: systemClock,
      random: systemRandom,
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

function createSupervisor(
  { settings, logs, progress }: Surroundings,
  made: { readonly model: ServedModel; readonly layout: Layout; readonly balancer: Balancer },
): Supervisor {
  return new Supervisor({
    ...made,
    settings,
    logger: logs.logger,
    spawn: spawnWorker,
    clock: systemClock,
    random: systemRandom,
    onProgress: progress.update,
    onChange: () => {},
  });
}

interface Running {
  readonly supervisor: Supervisor;
  readonly balancer: Balancer;
  readonly end: EndRequests;
  readonly address: ListenAddress;
  readonly manager: ServiceManager;
  readonly count: number;
}

/** From the first worker's start to the last one's end. */
async function serve(around: Surroundings, running: Running): Promise<void> {
  const { supervisor, balancer, end, address, manager, count } = running;
  const { drainTimeout } = around.settings.supervision;
  let drainTimeoutMs = 0;
  supervisor.start(count);
  try {
    const isServing = await Promise.race([supervisor.firstReady.then(() => true), end.first.then(() => false)]);
    if (isServing) {
      sayWelcome(around, address);
      void manager.ready();
    }
    const who = await end.first;
    void manager.stopping();
    around.logs.logger.info(`${who}: running answers have ${drainTimeout} ms to end`);
    drainTimeoutMs = drainTimeout;
  } finally {
    around.progress.end();
    await balancer.close({ drainTimeoutMs });
    await supervisor.stop();
    around.logs.logger.info("every worker has ended");
  }
}

function sayWelcome({ settings, logs, isPretty, progress }: Surroundings, { address, port }: ListenAddress): void {
  const url = port === 0 ? address : `http://${address.includes(":") ? `[${address}]` : address}:${port}`;
  const welcome = { url, isDemo: settings.model === "demo", hasKeys: settings.apiKeys.length > 0 };
  if (isPretty) progress.print(welcomeText(welcome));
  else logs.logger.info({ url, curl: curlLine(welcome), ...realModelHint(welcome) }, `serving on ${url}`);
}
