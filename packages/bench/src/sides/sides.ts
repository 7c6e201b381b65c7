import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import type { Clock } from "@drover/foundation/clock";
import { startChildServer } from "../servers/child-server.ts";
import { startDrover } from "../servers/drover-server.ts";
import { freePort } from "../servers/free-port.ts";
import { nginxConfig } from "./nginx-config.ts";
import { fixedCpus, type Side, type WorkerLayout } from "./side.ts";
import { singleServer } from "./single-server.ts";
import { type HandWorker, startWorkers } from "./worker-group.ts";

export interface SideParts {
  readonly bin: string;
  /** Arguments that `drover up` takes. */
  readonly upArgs: readonly string[];
  /** Arguments that `drover worker` takes: those of them that are not about several workers. */
  readonly workerArgs: readonly string[];
  readonly layout: readonly WorkerLayout[];
  readonly clock: Clock;
}

/** It listens in milliseconds, but a worker responds to what it is asked. */
const NGINX_READY_TIMEOUT_MS = 60_000;

/** (a) */
export function droverSide(parts: Pick<SideParts, "bin" | "upArgs" | "clock">): Side {
  return {
    name: "drover",
    doc: "drover up",
    start: (signal) => startDrover({ bin: parts.bin, args: parts.upArgs, clock: parts.clock, signal }),
  };
}

/** (b) the common hand-made set-up */
export function handMadeSide(parts: SideParts): Side {
  const threads = availableParallelism();
  const workers = parts.layout.map(() => ({ cpus: undefined, threads, slots: 1 }));
  return nginxSide(
    "nginx, 1 slot",
    `nginx least_conn before ${workers.length} unpinned workers of one slot and ${threads} threads each`,
    workers,
    parts,
  );
}

/** (c) nginx instead of Drover, before the very same workers, which nobody gives a directory for snapshots */
export function pinnedSide(parts: SideParts): Side {
  const workers = fixedCpus(parts.layout).map((cpus, index) => ({
    cpus,
    threads: cpus.length,
    slots: parts.layout[index]?.slots ?? 1,
  }));
  const slots = workers[0]?.slots ?? 0;
  return nginxSide(
    "nginx, same workers",
    `nginx least_conn before ${workers.length} workers pinned as Drover's, with ${slots} slots each, started by hand and so without shared snapshots`,
    workers,
    parts,
  );
}

/** (d) any command; `{port}` in it is replaced by a free port */
export function commandSide(command: string, clock: Clock): Side {
  const name = command.split(" ")[0]?.split("/").at(-1) ?? command;
  const commandOn = (port: number) => ({
    file: "/bin/sh",
    args: ["-c", `exec ${command.replaceAll("{port}", String(port))}`],
  });
  return singleServer({ name, doc: command, process: "command", commandOn }, clock);
}

function nginxSide(name: string, doc: string, handWorkers: readonly HandWorker[], parts: SideParts): Side {
  return {
    name,
    doc,
    async start(signal) {
      const workers = await startWorkers(handWorkers, { ...parts, args: parts.workerArgs, signal });
      try {
        const nginx = await startNginx(workers.ports, parts.clock, signal);
        return {
          url: nginx.url,
          processes: () => Promise.resolve([...nginx.processes(), ...workers.processes()]),
          stop: async () => {
            await nginx.stop();
            await workers.stop();
          },
        };
      } catch (error) {
        await workers.stop();
        throw error;
      }
    },
  };
}

async function startNginx(workerPorts: readonly number[], clock: Clock, signal: AbortSignal) {
  const folder = mkdtempSync(join(tmpdir(), "drover-nginx-"));
  // Started by root, nginx serves as another user, who keeps long request bodies in here.
  chmodSync(folder, 0o711);
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const config = join(folder, "nginx.conf");
  writeFileSync(config, nginxConfig(folder, port, workerPorts));
  const cleanUp = () => rmSync(folder, { recursive: true, force: true });
  try {
    const server = await startChildServer({
      name: "nginx",
      file: "nginx",
      args: ["-p", folder, "-c", config],
      // Debian puts it where users' PATH often does not look.
      environment: { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/sbin` },
      readyUrl: `${url}/health`,
      readyTimeoutMs: NGINX_READY_TIMEOUT_MS,
      clock,
      signal,
    });
    return {
      url,
      processes: () => server.processes("nginx"),
      stop: async () => {
        await server.stop();
        cleanUp();
      },
    };
  } catch (error) {
    cleanUp();
    throw error;
  }
}
