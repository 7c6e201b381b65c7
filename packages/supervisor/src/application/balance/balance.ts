import { type Balancer, createBalancer } from "@drover/balancer";
import type { Settings } from "@drover/config";
import { createConsole } from "@drover/console";
import { pause, systemClock } from "@drover/foundation/clock";
import { packageVersion } from "@drover/foundation/files/package-version";
import { addCompatNames } from "../../metrics/compat-metrics.ts";
import { type ExitCode, SupervisorError } from "../../errors.ts";
import { type EndRequests, listenForSignals } from "../signals/listen-for-signals.ts";
import { logState } from "../signals/log-state.ts";
import { explainRequest } from "../../admin/explain-request.ts";
import { openBalancerOptions } from "../balancer-options.ts";
import { orListenFailure } from "../listen-failure.ts";
import { publicUrl } from "../public-url.ts";
import type { ReloadReport } from "../reload.ts";
import { diffSettings, keepSettings } from "../settings-change.ts";
import type { UpOptions } from "../up-options.ts";
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
  /** As they apply now. */
  settings: Settings;
  urls: readonly string[];
  isLeaving: boolean;
}

async function run(options: BalanceOptions): Promise<ExitCode> {
  const { settings, logs } = options;
  const guest = createConsole({
    state: () => ({ version: packageVersion(), mayAct: false, workers: [], snapshots: null, changes: [] }),
    explain: { key: () => running.settings.admin.key, explain: (id) => explainRequest(running.balancer, id) },
  });
  const readiness = () => (running.isLeaving ? ({ kind: "leaving" } as const) : undefined);
  const common = await openBalancerOptions(settings, logs.logger);
  const balancer = createBalancer({ ...common, readiness, guest });
  addCompatNames(common.registry, settings.metrics.compat);
  const running: Running = { balancer, settings, urls: [], isLeaving: false };
  // Before anybody can know that it runs: unheard, each of these signals would end the process.
  const end = listenForSignals({
    onSecondEnd: () => process.exit(1),
    onReload: () => reloadBySignal(running, options),
    onQuit: () => logState(logs.logger, { balancer: balancer.status(), settings: running.settings }),
  });
  const closeAdmin = await openAdmin(running, end, options);
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
    await common.tracing?.close();
  } finally {
    closeAdmin();
    end.close();
  }
  return 0;
}

/** For `drover status`, `reload`, `logs` and `stop`. */
function openAdmin(running: Running, end: EndRequests, options: BalanceOptions): Promise<() => void> {
  const { settings, environment, logs, file } = options;
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
    stop: () => end.ask("drover stop"),
    logs,
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
