import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "undici";
import { systemClock } from "@drover/foundation/clock";
import type { WatchedProcess } from "../load/process-watch.ts";
import { startChildServer } from "./child-server.ts";
import { freePort } from "./free-port.ts";

export interface DroverServerOptions {
  /** The script of the `drover` command. */
  readonly bin: string;
  /** Further arguments for `drover up`: model, workers, threads, slots. */
  readonly args: readonly string[];
  readonly signal: AbortSignal;
}

/** A Drover that was started for a measurement. */
export interface DroverServer {
  readonly url: string;
  readonly pid: number;
  /** Drover itself and its workers, as of the last few seconds. */
  readonly processes: () => Promise<readonly WatchedProcess[]>;
  /** What each worker has now. */
  layout(): Promise<readonly WorkerLayout[]>;
  stop(): Promise<void>;
}

/** A worker by its status. */
export interface WorkerLayout {
  /** Undefined while it has no process. */
  readonly pid: number | undefined;
  readonly isReady: boolean;
  /** Those that it holds now. */
  readonly cpus: readonly number[];
  readonly slots: number;
  readonly busySlots: number;
}

interface Status {
  readonly workers: readonly {
    readonly id: number | string;
    readonly pid?: number | null;
    readonly state: string;
    readonly cpus: readonly number[];
    readonly slots: { readonly total: number; readonly busy: number };
  }[];
}

/** Once in a while is enough to see restarts. */
const STATUS_AGE_MS = 15_000;

/**
 * Runs `drover up` on a free port with an admin socket of its own, and waits until every worker is ready.
 * @throws BenchError `server_failed`
 */
export async function startDrover(options: DroverServerOptions): Promise<DroverServer> {
  const folder = mkdtempSync(join(tmpdir(), "drover-bench-"));
  const socket = join(folder, "admin.sock");
  const url = `http://127.0.0.1:${await freePort()}`;
  // By the socket and not by `drover status`, whose process would take CPU time from this side of a comparison only.
  const admin = new Client("http://admin", { socketPath: socket });
  const readStatus = async (): Promise<Status> => {
    const { body } = await admin.request({ method: "GET", path: "/status" });
    return (await body.json()) as Status;
  };
  const isReady = async () => {
    const { workers } = await readStatus();
    return workers.length > 0 && workers.every(({ state }) => state === "ready");
  };
  const own = ["--listen", url.replace("http://", ""), "--admin-socket", socket, "--log-format", "json"];
  const server = await startChildServer({
    name: "drover up",
    file: process.execPath,
    args: [options.bin, "up", ...own, ...options.args],
    readyUrl: `${url}/health`,
    isReady,
    onGone: async () => {
      await admin.destroy();
      rmSync(folder, { recursive: true, force: true });
    },
    signal: options.signal,
  });
  return {
    url,
    pid: server.pid,
    processes: watchedProcesses(server.pid, readStatus),
    async layout() {
      const { workers } = await readStatus();
      return workers.map(({ pid, state, cpus, slots }) => ({
        pid: pid ?? undefined,
        isReady: state === "ready",
        cpus,
        slots: slots.total,
        busySlots: slots.busy,
      }));
    },
    stop: () => server.stop(),
  };
}

function watchedProcesses(pid: number, readStatus: () => Promise<Status>): DroverServer["processes"] {
  let known: readonly WatchedProcess[] = [];
  let knownAtMs = Number.NEGATIVE_INFINITY;
  return async () => {
    if (systemClock.monotonicMs() - knownAtMs < STATUS_AGE_MS) return known;
    knownAtMs = systemClock.monotonicMs();
    const { workers } = await readStatus();
    const each = workers.flatMap((worker) =>
      typeof worker.pid === "number" ? [{ name: `worker ${worker.id}`, pid: worker.pid }] : [],
    );
    known = [{ name: "balancer", pid }, ...each];
    return known;
  };
}
