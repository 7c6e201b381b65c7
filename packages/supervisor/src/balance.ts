import {
  type Balancer,
  BalancerError,
  createBalancer,
  loadNginxConfig,
  NginxConfigError,
  type NginxModel,
} from "@drover/balancer";
import { systemClock, systemRandom } from "./clock.ts";
import type { ExitCode, Invocation } from "./commands/command.ts";
import { SupervisorError } from "./errors.ts";
import { createLogs, descriptorSink, type Logs, prettyLine } from "./logs.ts";
import { ignoredLines } from "./nginx/nginx-command.ts";
import { serveNginx } from "./nginx/serve.ts";
import { packageVersion } from "./package-version.ts";
import { wantsColours } from "./terminal/colours.ts";
import { publicUrl } from "./terminal/welcome.ts";

/** Composition root of `drover balance`: resolves once it was told to end. */
export async function balance(invocation: Invocation): Promise<ExitCode> {
  const path = invocation.text("nginx-conf");
  if (path !== undefined) return balanceByNginx(invocation, path);
  return balanceBySettings(invocation).catch((error: unknown) => {
    throw error instanceof BalancerError ? new SupervisorError("usage", error.message, { cause: error }) : error;
  });
}

async function balanceByNginx(invocation: Invocation, path: string): Promise<ExitCode> {
  const compat = invocation.text("nginx-compat") === "1.22" ? "1.22" : "1.29.7";
  const say = (text: string): void => void invocation.stderr.write(`${text}\n`);
  const paths = { accessLog: "/dev/stdout", errorLog: "stderr" };
  const load = (): NginxModel => {
    try {
      return loadNginxConfig({ path, compat, form: "part", paths }).model;
    } catch (error) {
      throw error instanceof NginxConfigError ? new SupervisorError("usage", error.message) : error;
    }
  };
  await serveNginx({
    version: packageVersion(),
    load,
    hasPidFile: false,
    onReady: (model, addresses) => {
      for (const warning of model.warnings) say(`warning: ${warning}`);
      for (const line of ignoredLines(model.ignored)) say(`ignored: ${line}`);
      say(`Balancing by ${path} on ${addresses.join(", ")}`);
    },
    say: (level, message) => say(`${level}: ${message}`),
  }).catch((error: unknown) => {
    throw error instanceof NginxConfigError ? new SupervisorError("listen_failed", error.message) : error;
  });
  return 0;
}

async function balanceBySettings(invocation: Invocation): Promise<ExitCode> {
  const { settings } = invocation.settings();
  if (settings.balancer.upstreams.length === 0) {
    throw new SupervisorError(
      "usage",
      "there is nothing to balance between: give --upstream http://HOST:PORT, or --nginx-conf FILE",
    );
  }
  const isPretty = settings.log.format === "pretty" || (settings.log.format === "auto" && invocation.stdout.isTTY);
  const show = isPretty ? prettyLine(wantsColours(invocation.stdout, invocation.environment)) : (line: string) => line;
  const logs = createLogs({ level: settings.log.level, show, sink: descriptorSink(1, systemClock) });
  const { logger } = logs;
  const reload = (): void => applyAnew(balancer, invocation, logger);
  const balancer = createBalancer({ settings, logger, clock: systemClock, random: systemRandom });
  // Before anybody can know that it runs: unheard, each of these signals would end the process.
  process.on("SIGHUP", reload);
  const toldToEnd = told();
  try {
    const addresses = await balancer.listen();
    const isTls = settings.tls.certificate !== undefined;
    const urls = addresses.map((address) => publicUrl({ ...address, isTls }));
    logger.info({ addresses, upstreams: settings.balancer.upstreams }, `balancing on ${urls.join(", ")}`);
    await toldToEnd;
    await balancer.close({ drainTimeoutMs: settings.supervision.drainTimeout });
  } finally {
    process.off("SIGHUP", reload);
    await logs.flush();
  }
  return 0;
}

/** What cannot be used changes nothing. */
function applyAnew(balancer: Balancer, invocation: Invocation, logger: Logs["logger"]): void {
  try {
    balancer.applySettings(invocation.settings().settings);
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
