import { type Balancer, createBalancer } from "@drover/balancer";
import type { Settings } from "@drover/config";
import { createConsole } from "@drover/console";
import { pause, systemClock } from "@drover/foundation/clock";
import { systemRandom } from "@drover/foundation/randomness";
import { addCompatNames } from "../../metrics/compat-metrics.ts";
import { observeVllmRequests } from "../../metrics/vllm-requests.ts";
import { createRegistry } from "../../metrics/process-metrics.ts";
import { type ExitCode, SupervisorError } from "../../errors.ts";
import { type EndRequests, listenForEnd } from "../signals/end-requests.ts";
import { explainRequest } from "../../admin/explain-request.ts";
import { orListenFailure } from "../listen-failure.ts";
import { openTracing } from "../../traces/open-tracing.ts";
import { publicUrl } from "../public-url.ts";
import type { ReloadReport } from "../reload.ts";
import { diffSettings, keepSettings } from "../settings-change.ts";
import type { UpOptions } from "../up-options.ts";
import { hasLostTerminal } from "../signals/launcher.ts";
import { openUpstreamAdmin } from "./upstream-admin.ts";
import { upstreamRows } from "./upstream-rows.ts";

/** What `drover balance` runs with. */
export type BalanceOptions = Omit<UpOptions, "display">;

/** Composition root of `drover balance`: resolves once it was told to end. */
export async function balance(options: BalanceOptions): Promise<ExitCode> {
  assertUpstreams(options.settings);
  return await orListenFailure(() => run(options));
}

/** @throws SupervisorError */
function assertUpstreams({ balancer: { upstreams } }: Settings): void {
  if (upstreams.length > 0) return;
  throw new SupervisorError(
    "usage",
    "there is nothing to balance between: give --upstream http://HOST:PORT, or --nginx-conf FILE",
  );
}

/** What runs. */
interface Running {
  readonly balancer: Balancer;
  readonly end: EndRequests;
  /** As they apply now. */
  settings: Settings;
  urls: readonly string[];
  isLeaving: boolean;
}

async function run(options: BalanceOptions): Promise<ExitCode> {
  const { settings, logs, version } = options;
  const guest = createConsole({
    state: () => ({ version, mayAct: false, workers: [], snapshots: null, changes: [] }),
    explain: { key: () => running.settings.admin.key, explain: (id) => explainRequest(running.balancer, id) },
  });
  const readiness = () => (running.isLeaving ? ({ kind: "leaving" } as const) : undefined);
  const registry = createRegistry(version);
  const tracing = await openTracing(settings, version, logs.logger);
  const balancer = createBalancer({
    settings,
    logger: logs.logger,
    clock: systemClock,
    random: systemRandom,
    registry,
    ...(settings.metrics.compat === "vllm" ? { onRecord: observeVllmRequests(registry) } : {}),
    ...(tracing === undefined ? {} : { tracing }),
    readiness,
    guest,
  });
  addCompatNames(registry, settings.metrics.compat);
  // Before anybody can know that it runs: unheard, each of these signals would end the process.
  const end = listenForEnd(() => process.exit(1));
  const running: Running = { balancer, end, settings, urls: [], isLeaving: false };
  const onHangUp = () => (hasLostTerminal() ? end.ask("the terminal was closed") : reloadBySignal(running, options));
  const onQuit = () => end.ask("SIGQUIT");
  process.on("SIGHUP", onHangUp);
  process.on("SIGQUIT", onQuit);
  const closeAdmin = await openAdmin(running, options);
  try {
    const addresses = await balancer.listen();
    const isTls = settings.tls.certificate !== undefined;
    running.urls = addresses.map((address) => publicUrl({ ...address, isTls }));
    logs.logger.info({ addresses, upstreams: settings.balancer.upstreams }, `balancing on ${running.urls.join(", ")}`);
    await end.first;
    running.isLeaving = true;
    const { shutdownDelay, drainTimeout } = running.settings.supervision;
    await pause(systemClock, shutdownDelay);
    await balancer.close({ drainTimeoutMs: drainTimeout });
    await tracing?.close();
  } finally {
    closeAdmin();
    process.off("SIGHUP", onHangUp);
    process.off("SIGQUIT", onQuit);
    end.close();
  }
  return 0;
}

/** For `drover status`, `reload`, `logs` and `stop`. */
function openAdmin(running: Running, options: BalanceOptions): Promise<() => void> {
  const { settings, environment, logs, version, file } = options;
  return openUpstreamAdmin(settings.admin.socket, environment, {
    state: () => ({
      phase: running.isLeaving ? "ending" : "serving",
      urls: running.urls,
      queue: running.balancer.status().queue,
      config: file ?? null,
    }),
    upstreams: () => upstreamRows(running.balancer.status()),
    reload: async () => applyAnew(running, options),
    keys: () => running.balancer.keyUse(),
    explain: (id) => explainRequest(running.balancer, id),
    stop: () => running.end.ask("drover stop"),
    logs,
    version,
  });
}

/** What cannot be used changes nothing. */
function reloadBySignal(running: Running, options: BalanceOptions): void {
  try {
    applyAnew(running, options);
  } catch (error) {
    options.logs.logger.error({ reason: (error as Error).message }, "the settings stay as they were");
  }
}

/** @throws ConfigError, BalancerError and SupervisorError for what cannot be used; nothing has changed then */
function applyAnew(running: Running, { loadSettings, logs: { logger } }: BalanceOptions): ReloadReport {
  const { settings: loaded } = loadSettings({});
  assertUpstreams(loaded);
  const { live, restart } = diffSettings(running.settings, loaded);
  const settings = keepSettings(running.settings, loaded, restart);
  running.balancer.applySettings(settings);
  running.settings = settings;
  logger.level = settings.log.level;
  const report = { changed: live, needRestart: restart };
  logger.info(report, "the settings were read again");
  return report;
}
