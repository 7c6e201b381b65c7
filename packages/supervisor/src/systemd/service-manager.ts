import type { Clock } from "@drover/foundation/clock";
import { createNotify, type Notify, type RunProgram, takeNotifySocket } from "./notify.ts";
import { takeListenFds } from "./sockets.ts";
import { startWatchdog, takeWatchdogLimit, type WatchdogCheck } from "./watchdog.ts";

/** While Drover loads or drains it asks for this much more time, three times as often. */
const EXTENSION_MS = 30_000;
/** Each status is a process, so it is not sent for every request. */
const STATUS_EVERY_MS = 5_000;

/** What Drover tells systemd, and what systemd gave it. Without systemd every call does nothing. */
export interface ServiceManager {
  /** Sockets that it has opened for us; empty: none. */
  readonly listenFds: readonly number[];
  /** A first real token was generated: the service is up, and from now on the watchdog runs. */
  readonly ready: () => Promise<void>;
  /** A reload begins; {@link reloaded} ends it, whatever its result. Before the service is up, both say nothing. */
  readonly reloading: () => Promise<void>;
  readonly reloaded: () => Promise<void>;
  /** The drain begins. */
  readonly stopping: () => Promise<void>;
  /** Ends all timers. */
  readonly close: () => void;
}

export interface ServiceManagerOptions {
  /** systemd's variables are taken out of it, so that no child inherits them. */
  readonly environment: NodeJS.ProcessEnv;
  readonly pid: number;
  readonly clock: Clock;
  /** Microseconds of CLOCK_MONOTONIC. */
  readonly monotonicUs: () => bigint;
  readonly run: RunProgram;
  readonly warn: (message: string) => void;
  /** One line: `2/2 workers, 3 of 16 slots`. */
  readonly status: () => string;
  readonly checks: readonly WatchdogCheck[];
}

/** Takes systemd's variables and starts to extend its patience: Drover is loading until {@link ServiceManager.ready}. */
export function createServiceManager(options: ServiceManagerOptions): ServiceManager {
  const { environment, pid, run, warn } = options;
  const listenFds = takeListenFds(environment, pid);
  const limitMs = takeWatchdogLimit(environment, pid);
  const socket = takeNotifySocket(environment);
  if (socket === undefined)
    return { listenFds, ready: nothing, reloading: nothing, reloaded: nothing, stopping: nothing, close: () => {} };
  return { listenFds, ...announce(options, createNotify({ socket, run, warn }), limitMs) };
}

function announce(
  { clock, monotonicUs, warn, status, checks }: ServiceManagerOptions,
  notify: Notify,
  limitMs: number | undefined,
): Omit<ServiceManager, "listenFds"> {
  let lastStatus = "";
  let isUp = false;
  let isStopping = false;
  let endWatchdog: (() => void) | undefined;
  const statusLine = () => {
    lastStatus = status();
    return `STATUS=${isStopping ? "stopping: " : ""}${lastStatus}`;
  };
  const extend = () => void notify(`EXTEND_TIMEOUT_USEC=${EXTENSION_MS * 1_000}`, statusLine());
  const startWatching = (limit: number) =>
    startWatchdog({
      limitMs: limit,
      checks,
      clock,
      ping: () => void notify("WATCHDOG=1"),
      warn: (name) => warn(`the watchdog is not pinged: no sign that ${name}`),
    });
  let endExtending: (() => void) | undefined = clock.every(EXTENSION_MS / 3, extend);
  const endStatus = clock.every(STATUS_EVERY_MS, () => {
    if (endExtending === undefined && status() !== lastStatus) void notify(statusLine());
  });
  extend();
  return {
    ready() {
      isUp = true;
      endExtending?.();
      endExtending = undefined;
      if (limitMs !== undefined) endWatchdog ??= startWatching(limitMs);
      return notify("READY=1", statusLine());
    },
    reloading: () => (isUp ? notify("RELOADING=1", `MONOTONIC_USEC=${monotonicUs()}`, "STATUS=reloading") : nothing()),
    reloaded: () => (isUp ? notify("READY=1", statusLine()) : nothing()),
    stopping() {
      isUp = false;
      isStopping = true;
      endExtending ??= clock.every(EXTENSION_MS / 3, extend);
      return notify("STOPPING=1", `EXTEND_TIMEOUT_USEC=${EXTENSION_MS * 1_000}`, statusLine());
    },
    close() {
      for (const end of [endExtending, endStatus, endWatchdog]) end?.();
    },
  };
}

function nothing(): Promise<void> {
  return Promise.resolve();
}
