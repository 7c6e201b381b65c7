import { type ChildProcess, spawn } from "node:child_process";
import { setPriority } from "node:os";
import { fileURLToPath } from "node:url";
import type { Clock } from "@drover/foundation/clock";
import { FairLine } from "@drover/foundation/loop-budget";
import { WorkerError } from "../errors.ts";
import type { ApartReply, ApartTask } from "./tokenizer-process.ts";

/** On a machine where thirty processes want a core, the model's vocabulary is read in seconds. */
const START_PATIENCE_MS = 60_000;

/** How long the process stays when it has nothing to do. */
const IDLE_MS = 30_000;

/**
 * `sh` sets the limits as far as it may, and becomes the process itself. That one ends with the worker even while llama.cpp has it, and before the worker where the
 * machine has no memory left.
 */
const BECOME =
  '{ echo 1000 >/proc/self/oom_score_adj; } 2>/dev/null; setpriv --pdeathsig KILL -- true 2>/dev/null && exec setpriv --pdeathsig KILL -- "$@"; exec "$@"';

export interface ApartProcessOptions {
  readonly modelPath: string;
  readonly clock: Clock;
  /** Shell commands that set the limits of the process. */
  readonly limits: string;
  /** Of the operating system: the worker's steps go before a low one. @default as the worker */
  readonly priority?: number;
}

export interface ApartJob {
  readonly task: ApartTask;
  /** Then the process is ended. */
  readonly patienceMs: number;
  /** What it takes, in relation to the others: the least go first. @default 0 */
  readonly size?: number;
  /** The next task gets a new process. @default false */
  readonly isLast?: boolean;
}

interface Job extends ApartJob {
  readonly resolve: (reply: ApartReply) => void;
  readonly reject: (error: Error) => void;
}

/**
 * A process of its own with the model's vocabulary, for what a worker could die of. It is started when it is needed, ends when it is not, and does one task
 * after the other, small ones first. A task that it dies of, or takes too long over, fails; those that wait get a new process.
 */
export class ApartProcess {
  readonly #options: ApartProcessOptions;
  readonly #stopTicker: () => void;
  #child: ChildProcess | undefined;
  readonly #jobs = new FairLine<Job>();
  #current: Job | undefined;
  /** Has the process read the model? */
  #isReady = false;
  /** When the process began what it does, or began to do nothing. */
  #sinceMs = 0;

  constructor(options: ApartProcessOptions) {
    this.#options = options;
    this.#stopTicker = options.clock.every(1000, () => this.#look());
  }

  /** Errors: WorkerError `tokenizer_died`. */
  run(job: ApartJob): Promise<ApartReply> {
    return new Promise((resolve, reject) => {
      this.#jobs.add({ ...job, resolve, reject }, job.size ?? 0);
      this.#next();
    });
  }

  dispose(): void {
    this.#stopTicker();
    this.#end();
  }

  #next(): void {
    if (this.#current !== undefined) return;
    this.#sinceMs = this.#options.clock.monotonicMs();
    const job = this.#jobs.shift();
    this.#current = job;
    if (job === undefined) return;
    if (this.#child === undefined) {
      this.#isReady = false;
      this.#child = this.#start();
    }
    this.#child.ref();
    this.#child.send(job.task);
  }

  #start(): ChildProcess {
    const file = fileURLToPath(new URL("tokenizer-process.js", import.meta.url));
    const { PATH = "", HOME = "", XDG_CACHE_HOME } = process.env;
    const { limits, modelPath, priority } = this.#options;
    const child = spawn("/bin/sh", ["-c", `${limits}; ${BECOME}`, "sh", process.execPath, file, modelPath], {
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      serialization: "advanced",
      env: { PATH, HOME, ...(XDG_CACHE_HOME !== undefined && { XDG_CACHE_HOME }) },
    });
    child.on("message", (reply) => this.#onReply(child, reply as ApartReply));
    child.on("exit", (code, signal) => this.#onExit(child, signal ?? `exit code ${code}`));
    child.on("error", (error) => this.#onExit(child, error.message));
    if (child.pid !== undefined && priority !== undefined) setPriority(child.pid, priority);
    return child;
  }

  #onReply(child: ChildProcess, reply: ApartReply): void {
    if (child !== this.#child) return;
    if ("ready" in reply) {
      this.#isReady = true;
      this.#sinceMs = this.#options.clock.monotonicMs();
      return;
    }
    const job = this.#current;
    if (job === undefined) return;
    this.#current = undefined;
    if (job.isLast === true) this.#end();
    else child.unref();
    job.resolve(reply);
    this.#next();
  }

  #onExit(child: ChildProcess, how: string): void {
    if (child !== this.#child) return;
    this.#child = undefined;
    const job = this.#current;
    this.#current = undefined;
    job?.reject(new WorkerError("tokenizer_died", `llama.cpp can't read that (${how})`));
    this.#next();
  }

  #look(): void {
    if (this.#child === undefined) return;
    const ms = this.#options.clock.monotonicMs() - this.#sinceMs;
    if (this.#current === undefined) {
      if (ms > IDLE_MS) this.#end();
    } else if (ms > (this.#isReady ? this.#current.patienceMs : START_PATIENCE_MS)) this.#child.kill("SIGKILL");
  }

  #end(): void {
    const child = this.#child;
    this.#child = undefined;
    child?.kill("SIGKILL");
  }
}
