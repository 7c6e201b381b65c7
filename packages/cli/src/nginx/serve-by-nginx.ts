import { NginxError, type RunningNginx, serveInForeground } from "@drover/nginx";
import { hasLostTerminal, openUpstreamAdmin, type UpstreamService } from "@drover/supervisor/application";
import { type ExitCode, SupervisorError } from "@drover/supervisor/errors";
import { createLogs, type Logs } from "@drover/supervisor/logs";
import type { Invocation } from "../line/command.ts";
import { openMetricsPort } from "./metrics-port.ts";

/** `drover balance --nginx-conf`: resolves once a signal or `drover stop` has ended it. */
export async function serveByNginx(invocation: Invocation, path: string): Promise<ExitCode> {
  const { settings } = invocation.settings();
  const compat = invocation.text("nginx-compat") === "1.22" ? "1.22" : "1.29.7";
  const logs = plainLogs(invocation);
  const say = (line: string): void => logs.logger.info(line);
  const state: { running?: RunningNginx; isEnding?: boolean } = {};
  const metrics = invocation.text("metrics-listen");
  const closeMetrics = metrics === undefined ? () => {} : await openMetricsPort(metrics, () => state.running);
  // Before the configuration's `user` takes root's rights away.
  const service = serviceOf(state, path, logs);
  const closeAdmin = await openUpstreamAdmin(settings.admin.socket, invocation.environment, service);
  // nginx reads its configuration again at this signal; what was started in a terminal that is closed ends.
  const onHangUp = (): void => {
    if (hasLostTerminal()) state.running?.end();
  };
  process.on("SIGHUP", onHangUp);
  try {
    const onReady = (running: RunningNginx): void => void (state.running = running);
    await serveInForeground({ path, compat, say, onReady });
    return 0;
  } catch (error) {
    throw error instanceof NginxError ? new SupervisorError("usage", error.message, { cause: error }) : error;
  } finally {
    process.off("SIGHUP", onHangUp);
    closeAdmin();
    closeMetrics();
  }
}

/** Each line as it is; `drover logs` gets them with their times. */
function plainLogs({ stderr }: Invocation): Logs {
  return createLogs({
    level: "info",
    show: (line) => `${(JSON.parse(line) as { readonly msg: string }).msg}\n`,
    sink: { write: (text) => void stderr.write(text), flush: async () => {} },
  });
}

function serviceOf(state: { running?: RunningNginx; isEnding?: boolean }, path: string, logs: Logs): UpstreamService {
  const requireRunning = (): RunningNginx => {
    if (state.running === undefined) throw new SupervisorError("refused", "it is not serving yet");
    return state.running;
  };
  return {
    state: () => ({
      phase: state.isEnding === true ? "ending" : state.running === undefined ? "starting" : "serving",
      urls: state.running?.server.addresses ?? [],
      queue: null,
      config: path,
    }),
    upstreams: () =>
      (state.running?.server.upstreams ?? []).map(({ group, origin, isReady, lastFailure, ...counts }) => ({
        id: `${group} ${origin}`,
        origin: `${group} ${origin}`,
        state: isReady ? "ready" : "down",
        lastFailure: lastFailure ?? null,
        ...counts,
      })),
    reload: async () => {
      await requireRunning().reload();
      return { changed: [path], needRestart: [] };
    },
    stop: () => {
      requireRunning().end();
      state.isEnding = true;
    },
    logs,
  };
}
