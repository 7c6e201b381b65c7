import type { Clock } from "@drover/foundation/clock";
import type { WatchedProcess } from "../load/process-watch.ts";
import { startChildServer, type ChildServer } from "../servers/child-server.ts";
import { freePort } from "../servers/free-port.ts";

/** One worker that is started by hand, as a shell script would. */
export interface HandWorker {
  /** Undefined: not pinned. */
  readonly cpus: readonly number[] | undefined;
  readonly threads: number;
  readonly slots: number;
}

export interface WorkerGroupOptions {
  /** The script of the `drover` command. */
  readonly bin: string;
  /** Further arguments for `drover worker`: model, context. */
  readonly args: readonly string[];
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** Workers without a supervisor. */
export interface WorkerGroup {
  readonly ports: readonly number[];
  processes(): readonly WatchedProcess[];
  stop(): Promise<void>;
}

/** Starts them one after the other: side by side they would slow down each other's measuring of steps. */
export async function startWorkers(workers: readonly HandWorker[], options: WorkerGroupOptions): Promise<WorkerGroup> {
  const running: { readonly port: number; readonly server: ChildServer }[] = [];
  const stop = async () => {
    await Promise.all(running.map(({ server }) => server.stop()));
  };
  try {
    for (const worker of workers) {
      const port = await freePort();
      running.push({ port, server: await startWorker(worker, port, options) });
    }
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    ports: running.map(({ port }) => port),
    processes: () => running.flatMap(({ server }, index) => server.processes(`worker ${index + 1}`)),
    stop,
  };
}

function startWorker(worker: HandWorker, port: number, options: WorkerGroupOptions): Promise<ChildServer> {
  const shape = ["--threads", String(worker.threads), "--slots", String(worker.slots), "--port", String(port)];
  const args = [options.bin, "worker", ...options.args, ...shape];
  const pinned = worker.cpus === undefined ? [] : ["-c", worker.cpus.join(",")];
  return startChildServer({
    ...options,
    name: "drover worker",
    file: worker.cpus === undefined ? process.execPath : "taskset",
    args: worker.cpus === undefined ? args : [...pinned, process.execPath, ...args],
    readyUrl: `http://127.0.0.1:${port}/health`,
  });
}
