import { messageOf } from "@drover/foundation/error-text";
import type { NginxModel } from "../model/model.ts";
import { NginxServer } from "../serve/nginx-server.ts";
import { pause, systemClock } from "@drover/foundation/clock";
import { removePidFile, writePidFile } from "./pid-file.ts";
import { type ServingUser, servingUser } from "./privileges.ts";

export interface ServeOptions {
  /** Reads the configuration; again on SIGHUP. @throws NginxConfigError */
  readonly load: () => NginxModel;
  /** Whether a pid file is written. */
  readonly hasPidFile: boolean;
  /** Called once everything is listened on. */
  readonly onReady: (model: NginxModel, running: RunningNginx) => void;
  /** A line for whoever watches: level and message. */
  readonly say: (level: "notice" | "emerg", message: string) => void;
}

/** What serves, for whoever controls it by other means than signals. */
export interface RunningNginx {
  readonly server: Pick<NginxServer, "addresses" | "upstreams" | "metrics">;
  /** Reads the configuration again. @throws NginxConfigError; then everything stays as it was */
  readonly reload: () => Promise<void>;
  /** Ends after the requests under way. */
  readonly end: () => void;
}

/** nginx tries as often, half a second apart, to get an address that is in use. */
const bindTries = 5;

/**
 * Serves an nginx configuration until told to end, by nginx's signals: HUP reads the configuration again, USR1 opens the logs again,
 * QUIT ends after the requests under way, TERM and INT end at once.
 * @throws NginxConfigError and NginxProcessError for what keeps it from starting
 */
export async function serveNginx(options: ServeOptions): Promise<void> {
  const model = options.load();
  const server = new NginxServer();
  const user = servingUser(model.process.user);
  const log = (level: "notice" | "emerg", message: string): void => {
    const logs = server.model?.process.errorLogs ?? [];
    server.logs.error(logs, level, message);
    if (logs.every(({ path }) => path !== undefined)) options.say(level, message);
  };
  const started = begin(server, model, user, options);
  // Signals are heard before the first address is listened on: without a handler they would end the process.
  const reload = (): Promise<void> => user.asRoot(async () => server.apply(options.load()));
  const ended = untilEnded(server, started, {
    log,
    reload,
    reopen: () => user.asRoot(async () => server.logs.reopen()),
  });
  await started;
  try {
    options.onReady(model, { server, reload, end: () => void process.kill(process.pid, "SIGQUIT") });
    await ended;
  } finally {
    if (options.hasPidFile) await user.asRoot(async () => removePidFile(model.process.pidPath));
  }
}

async function begin(server: NginxServer, model: NginxModel, user: ServingUser, options: ServeOptions): Promise<void> {
  await applyWithPatience(server, model, options);
  if (options.hasPidFile) writePidFile(model.process.pidPath);
  user.drop();
}

async function applyWithPatience(server: NginxServer, model: NginxModel, { say }: ServeOptions): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    try {
      await server.apply(model);
      return;
    } catch (error) {
      const message = messageOf(error);
      if (!message.includes("98: Address already in use")) throw error;
      say("emerg", message);
      if (tried === bindTries) throw new Error("still could not bind()", { cause: error });
      await pause(systemClock, 500);
    }
  }
}

interface Actions {
  readonly log: (level: "notice" | "emerg", message: string) => void;
  readonly reload: () => Promise<void>;
  readonly reopen: () => Promise<void>;
}

function untilEnded(server: NginxServer, started: Promise<void>, { log, reload, reopen }: Actions): Promise<void> {
  return new Promise((resolve) => {
    // What keeps it from starting is told to who started it.
    let reloading = started.catch(() => {});
    const onHup = (): void => {
      log("notice", "signal 1 (SIGHUP) received, reconfiguring");
      // One after the other: two at once would both open the same addresses.
      reloading = reloading.then(reload).then(
        () => log("notice", "reconfigured"),
        (error: unknown) => log("emerg", messageOf(error)),
      );
    };
    const end = (name: string, how: () => Promise<void>) => (): void => {
      log("notice", `signal ${name} received, ${name.includes("QUIT") ? "gracefully shutting down" : "exiting"}`);
      void reloading.then(how).then(finish);
    };
    const handlers: readonly (readonly [NodeJS.Signals, () => void])[] = [
      ["SIGHUP", onHup],
      [
        "SIGUSR1",
        () => void reloading.then(reopen).then(() => log("notice", "signal 10 (SIGUSR1) received, logs reopened")),
      ],
      // Node would end at this one.
      [
        "SIGUSR2",
        () => log("notice", "signal 12 (SIGUSR2) received; a running program is not exchanged here, restart it"),
      ],
      ["SIGQUIT", end("3 (SIGQUIT)", () => server.close(server.model?.process.shutdownTimeoutMs ?? 0))],
      ["SIGTERM", end("15 (SIGTERM)", () => server.stop())],
      ["SIGINT", end("2 (SIGINT)", () => server.stop())],
    ];
    const finish = (): void => {
      for (const [signal, handler] of handlers) process.off(signal, handler);
      resolve();
    };
    for (const [signal, handler] of handlers) process.on(signal, handler);
  });
}
