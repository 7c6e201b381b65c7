import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Client } from "undici";
import { systemClock } from "@drover/foundation/clock";
import type { WorkerStatus } from "@drover/contract/console-state";
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
  /** Each worker as it is now. */
  readonly workers: () => Promise<readonly WorkerStatus[]>;
  /** Has it read its settings anew. @throws where it refuses them */
  reload(): Promise<void>;
  stop(): Promise<void>;
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
  const readWorkers = async () => {
    const { body } = await admin.request({ method: "GET", path: "/status" });
    return ((await body.json()) as { readonly workers: readonly WorkerStatus[] }).workers;
  };
  const isReady = async () => {
    const workers = await readWorkers();
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
    processes: watchedProcesses(server.pid, readWorkers),
    workers: readWorkers,
    async reload() {
      const { statusCode, body } = await admin.request({ method: "POST", path: "/reload" });
      const reason = await body.text();
      if (statusCode !== 200) throw new Error(`the reload failed: ${reason}`);
    },
    stop: () => server.stop(),
  };
}

function watchedProcesses(pid: number, readWorkers: DroverServer["workers"]): DroverServer["processes"] {
  let known: readonly WatchedProcess[] = [];
  let knownAtMs = Number.NEGATIVE_INFINITY;
  return async () => {
    if (systemClock.monotonicMs() - knownAtMs < STATUS_AGE_MS) return known;
    knownAtMs = systemClock.monotonicMs();
    const each = (await readWorkers()).flatMap((worker) =>
      worker.pid === null ? [] : [{ name: `worker ${worker.id}`, pid: worker.pid }],
    );
    known = [{ name: "balancer", pid }, ...each];
    return known;
  };
}
