import { randomBytes } from "node:crypto";
import { fileURLToPath } from "node:url";
import { workerArguments } from "@drover/contract/worker-options";
import { SECRET_ENV, type SupervisorMessage, type WorkerMessage } from "@drover/contract/ipc";
import { homeFolder } from "@drover/foundation/files/user-folders";
import { execa } from "execa";
import { delegatedCgroup } from "./cgroup/delegated-cgroup.ts";
import { makeWorkerCgroup, type WorkerCgroup } from "./cgroup/worker-cgroup.ts";
import { withHugePages } from "../placement/huge-pages.ts";
import { type CommandSurroundings, ofCommand } from "./command/command-process.ts";
import { splitArguments } from "./command/split-arguments.ts";
import { assertFreeDescriptors } from "./free-descriptors.ts";
import type { WorkerLaunch } from "./launch.ts";
import { readLines } from "./output.ts";
import { guardOrphans } from "./orphan-guard.ts";
import { pinningArguments } from "./pinning.ts";
import { hasProgram } from "./programs.ts";
import { lacksResources } from "./lacks-resources.ts";
import { endOf, type ProcessEnd, type SpawnedProcess } from "./spawned-process.ts";

/** A worker's requests, from outside. */
export interface Activity {
  /** Requests that it has now. */
  readonly active: number;
  /** Of all its responses. Requests that come or are given up say nothing of it: they would keep a hung server for ever. */
  readonly bytesReceived: number;
}

/** What a process says while it runs, and what is known of it. */
export interface WorkerListener {
  readonly onMessage: (message: WorkerMessage) => void;
  /** What the balancer sees of its requests. */
  readonly activity: () => Activity;
  /** One line of its standard output or error. */
  readonly onLine: (line: string) => void;
}

/** Throws where the system has no descriptor for it; every later failure is told by `ended`. */
export type SpawnWorker = (launch: WorkerLaunch, listener: WorkerListener) => SpawnedProcess;

/**
 * Starts a worker in a session of its own, so that a terminal's Ctrl-C reaches the supervisor alone, who drains. Under
 * Linux the kernel kills it when the supervisor dies, however that happens: a Node process whose loop is blocked
 * survives an IPC disconnect. All wrappers exec, so the pid is the worker's own. A command of the user's may be a script
 * that starts the server as its child: signals go to all that it started, and it has ended when none of that is left.
 */
export const spawnWorker: SpawnWorker = (launch, listener) => {
  assertFreeDescriptors();
  const surroundings = launch.command === undefined ? undefined : surroundingsOf(launch);
  const [file = process.execPath, ...words] = [
    ...(surroundings?.cgroup?.enter ?? []),
    ...pinningArguments(launch, hasProgram),
    ...commandArguments(launch),
  ];
  const child = execa(file, words, {
    ipc: true,
    serialization: "json",
    detached: true,
    cleanup: false,
    buffer: false,
    reject: false,
    stdin: "ignore",
    // node-llama-cpp asks for a home when it is loaded, and ends where there is neither `HOME` nor an entry in passwd.
    env: { [SECRET_ENV]: launch.secret, HOME: homeFolder(), ...loaderQuiet, ...memoryOf(launch) },
  });
  child.on("message", (message) => {
    if (isWorkerMessage(message)) listener.onMessage(message);
  });
  // A write to a process that just died; its end is told by `ended`.
  child.on("error", () => {});
  for (const stream of [child.stdout, child.stderr]) readLines(stream, listener.onLine);
  const { pid } = child;
  const send = (message: SupervisorMessage) => {
    if (child.connected) child.send(message, () => {});
  };
  if (pid === undefined) {
    surroundings?.guard.callOff();
    surroundings?.cgroup?.remove();
    return { pid, send, signal: () => {}, ended: child.then(failed) };
  }
  const ended = endOf(child);
  if (surroundings === undefined) return { pid, send, signal: (name) => void child.kill(name), ended };
  return ofCommand({ pid, send, ended, ...surroundings, onLine: listener.onLine });
};

/**
 * What holds all that a command starts. Made before it, since all of that may be refused for want of a descriptor, a process
 * or memory: then nothing runs.
 */
function surroundingsOf({ index, secret }: WorkerLaunch): CommandSurroundings {
  const mark = `${SECRET_ENV}=${secret}`;
  const cgroup = commandCgroup(index);
  try {
    return { mark, cgroup, guard: guardOrphans({ mark, cgroup }) };
  } catch (error) {
    cgroup?.remove();
    throw error;
  }
}

/** A control group of its own for a command, where this process may make one. */
function commandCgroup(index: number): WorkerCgroup | undefined {
  const parent = delegatedCgroup();
  const unique = randomBytes(6).toString("hex");
  return parent === undefined ? undefined : makeWorkerCgroup(parent, `drover-worker-${index}-${unique}`);
}

function failed(result: { readonly shortMessage?: string | undefined }): ProcessEnd {
  const { shortMessage: reason } = result;
  return { exitCode: undefined, signal: undefined, reason, isStarved: lacksResources(result) };
}

const loaderQuiet = { NODE_NO_WARNINGS: "1" };

/** Drover's own workers hold gigabytes of weights; what a user's command does with its memory is the user's. */
function memoryOf({ command }: WorkerLaunch): NodeJS.ProcessEnv {
  return command === undefined ? { GLIBC_TUNABLES: withHugePages(process.env["GLIBC_TUNABLES"]) } : {};
}

function isWorkerMessage(message: unknown): message is WorkerMessage {
  return typeof message === "object" && message !== null && "type" in message && typeof message.type === "string";
}

function commandArguments(launch: WorkerLaunch): readonly string[] {
  if (launch.command === undefined) {
    return [process.execPath, workerMain(), ...workerArguments(launch.options)];
  }
  const values: Readonly<Record<string, string>> = {
    port: String(launch.options.port),
    threads: String(launch.options.threads),
    cpus: launch.cpus?.join(",") ?? "",
    model: launch.options.modelPath,
    index: String(launch.index),
  };
  return splitArguments(launch.command).map((word) =>
    word.replaceAll(/\{(\w+)\}/g, (all, name: string) => values[name] ?? all),
  );
}

/** Path of Drover's own worker program. */
export function workerMain(): string {
  return fileURLToPath(import.meta.resolve("@drover/worker/main"));
}
