import { type Balancer, BalancerError, createBalancer } from "@drover/balancer";
import type { LoadedSettings, Settings } from "@drover/config";
import { createConsole } from "@drover/console";
import { pause, systemClock } from "@drover/foundation/clock";
import { systemRandom } from "@drover/foundation/randomness";
import { type ExitCode, SupervisorError } from "../errors.ts";
import type { Logs } from "../logs.ts";
import { publicUrl } from "./public-url.ts";

/** What `drover balance` runs with. */
export interface BalanceOptions {
  readonly settings: Settings;
  /** Reads the settings again. Throws ConfigError. */
  readonly loadSettings: () => LoadedSettings;
  readonly version: string;
  readonly logs: Logs;
}

/** Composition root of `drover balance`: resolves once it was told to end. */
export async function balance(options: BalanceOptions): Promise<ExitCode> {
  return run(options).catch((error: unknown) => {
    throw error instanceof BalancerError ? new SupervisorError("usage", error.message, { cause: error }) : error;
  });
}

async function run({ settings, loadSettings, logs, version }: BalanceOptions): Promise<ExitCode> {
  if (settings.balancer.upstreams.length === 0) {
    throw new SupervisorError(
      "usage",
      "there is nothing to balance between: give --upstream http://HOST:PORT, or --nginx-conf FILE",
    );
  }
  const { logger } = logs;
  const reload = (): void => applyAnew(balancer, loadSettings, logger);
  const guest = createConsole({ state: () => ({ version, mayAct: false, workers: [], snapshots: null, changes: [] }) });
  let isLeaving = false;
  const readiness = () => (isLeaving ? ({ kind: "leaving" } as const) : undefined);
  const balancer = createBalancer({ settings, logger, clock: systemClock, random: systemRandom, guest, readiness });
  // Before anybody can know that it runs: unheard, each of these signals would end the process.
  process.on("SIGHUP", reload);
  const toldToEnd = told();
  try {
    const addresses = await balancer.listen();
    const isTls = settings.tls.certificate !== undefined;
    const urls = addresses.map((address) => publicUrl({ ...address, isTls }));
    logger.info({ addresses, upstreams: settings.balancer.upstreams }, `balancing on ${urls.join(", ")}`);
    await toldToEnd;
    isLeaving = true;
    await pause(systemClock, settings.supervision.shutdownDelay);
    await balancer.close({ drainTimeoutMs: settings.supervision.drainTimeout });
  } finally {
    process.off("SIGHUP", reload);
  }
  return 0;
}

/** What cannot be used changes nothing. */
function applyAnew(balancer: Balancer, loadSettings: BalanceOptions["loadSettings"], logger: Logs["logger"]): void {
  try {
    balancer.applySettings(loadSettings().settings);
    logger.info("the settings were read again");
  } catch (error) {
    logger.error({ reason: (error as Error).message }, "the settings stay as they were");
  }
}

function told(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGQUIT"] as const) process.once(signal, () => resolve());
  });
}
