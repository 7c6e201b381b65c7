import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { type ChildServer, startChildServer } from "../servers/child-server.ts";
import { freePort } from "../servers/free-port.ts";
import { nginxConfig } from "./nginx-config.ts";
import { fixedCpus, type RunningSide, type Side, type WorkerLayout } from "./side.ts";

/** How workers are started by hand. */
interface WorkerCommand {
  /** The script of the `drover` command. */
  readonly bin: string;
  /** Arguments for `drover worker`: model, context. */
  readonly workerArgs: readonly string[];
}

/** One worker that is started by hand, as a shell script would. */
interface HandWorker {
  /** Undefined: not pinned. */
  readonly cpus: readonly number[] | undefined;
  readonly threads: number;
  readonly slots: number;
}

/** nginx listens in milliseconds, but a worker responds to what it is asked. */
const NGINX_READY_TIMEOUT_MS = 60_000;

/** The common hand-made set-up. */
export function handMadeSide(command: WorkerCommand, layout: readonly WorkerLayout[]): Side {
  const threads = availableParallelism();
  const workers = layout.map(() => ({ cpus: undefined, threads, slots: 1 }));
  return {
    name: "nginx, 1 slot",
    doc: `nginx least_conn before ${workers.length} unpinned workers of one slot and ${threads} threads each`,
    start: (signal) => startAll(workers, command, signal),
  };
}

/** nginx instead of Drover, before the very same workers, which nobody gives a directory for snapshots. */
export function pinnedSide(command: WorkerCommand, layout: readonly WorkerLayout[]): Side {
  const workers = fixedCpus(layout).map((cpus, index) => ({
    cpus,
    threads: cpus.length,
    slots: layout[index]?.slots ?? 1,
  }));
  const slots = workers[0]?.slots ?? 0;
  return {
    name: "nginx, same workers",
    doc: `nginx least_conn before ${workers.length} workers pinned as Drover's, with ${slots} slots each, started by hand and so without shared snapshots`,
    start: (signal) => startAll(workers, command, signal),
  };
}

/** Starts the workers one after the other, since side by side they would slow down each other's measuring of steps, and nginx last. */
async function startAll(
  workers: readonly HandWorker[],
  command: WorkerCommand,
  signal: AbortSignal,
): Promise<RunningSide> {
  const running: { readonly name: string; readonly server: ChildServer }[] = [];
  const stop = async () => {
    await Promise.all(running.map(({ server }) => server.stop()));
  };
  try {
    const ports: number[] = [];
    for (const worker of workers) {
      const port = await freePort();
      const server = await startWorker(worker, port, command, signal);
      ports.push(port);
      running.push({ name: `worker ${ports.length}`, server });
    }
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    running.unshift({ name: "nginx", server: await startNginx(port, url, ports, signal) });
    return {
      url,
      processes: () => Promise.resolve(running.flatMap(({ name, server }) => server.processes(name))),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function startWorker(
  { cpus, threads, slots }: HandWorker,
  port: number,
  { bin, workerArgs }: WorkerCommand,
  signal: AbortSignal,
): Promise<ChildServer> {
  const shape = ["--threads", String(threads), "--slots", String(slots), "--port", String(port)];
  const args = [bin, "worker", ...workerArgs, ...shape];
  return startChildServer({
    name: "drover worker",
    file: cpus === undefined ? process.execPath : "taskset",
    args: cpus === undefined ? args : ["-c", cpus.join(","), process.execPath, ...args],
    readyUrl: `http://127.0.0.1:${port}/health`,
    signal,
  });
}

function startNginx(
  port: number,
  url: string,
  workerPorts: readonly number[],
  signal: AbortSignal,
): Promise<ChildServer> {
  const folder = mkdtempSync(join(tmpdir(), "drover-nginx-"));
  // Started by root, nginx serves as another user, who keeps long request bodies in here.
  chmodSync(folder, 0o711);
  const config = join(folder, "nginx.conf");
  writeFileSync(config, nginxConfig(folder, port, workerPorts));
  return startChildServer({
    name: "nginx",
    file: "nginx",
    args: ["-p", folder, "-c", config],
    // Debian puts it where users' PATH often does not look.
    environment: { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` },
    readyUrl: `${url}/health`,
    readyTimeoutMs: NGINX_READY_TIMEOUT_MS,
    onGone: () => rmSync(folder, { recursive: true, force: true }),
    signal,
  });
}
