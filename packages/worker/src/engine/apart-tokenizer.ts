import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Clock } from "@drover/foundation/clock";
import { WorkerError } from "../errors.ts";
import type { ApartReply, ApartTask } from "./tokenizer-process.ts";

/** Of the process's one thread: a match of std::regex takes some 350 bytes for each character. */
const STACK_KIBIBYTES = 1024 * 1024;

/** A text of a megabyte takes two seconds; on a machine where thirty processes want a core it takes a minute. */
const PATIENCE_MS = 60_000;

/** A grammar that takes longer is refused anyway. */
const GRAMMAR_PATIENCE_MS = 5_000;

/** How long the process stays when it has nothing to do. */
const IDLE_MS = 30_000;

/** After texts of this length its stack has grown to tens of megabytes, which only its end gives back. */
const LARGE_TEXT_CHARS = 64 * 1024;

/** `sh` raises the limit as far as it may, and becomes the process itself. */
const WITH_STACK = 'ulimit -s "$1" 2>/dev/null || ulimit -s "$(ulimit -H -s)" 2>/dev/null; shift; exec "$@"';

interface Job {
  readonly task: ApartTask;
  readonly resolve: (reply: ApartReply) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Tokenizes in a process of its own with a large stack, which is started when it is needed and ends when it is not. A text that it
 * dies of is refused; the others that wait get a new process.
 */
export class ApartTokenizer {
  readonly #modelPath: string;
  readonly #clock: Clock;
  readonly #stopTicker: () => void;
  #child: ChildProcess | undefined;
  #jobs: Job[] = [];
  #current: Job | undefined;
  /** Has the process read the model? On a busy machine that takes seconds. */
  #isReady = false;
  /** When the process began what it does, or began to do nothing. */
  #sinceMs = 0;

  constructor(modelPath: string, clock: Clock) {
    this.#modelPath = modelPath;
    this.#clock = clock;
    this.#stopTicker = clock.every(1000, () => this.#look());
  }

  /** Errors: WorkerError `tokenizer_died`. */
  async tokenize(text: string, special: boolean): Promise<readonly number[]> {
    const reply = await this.#do({ kind: "tokenize", text, special });
    return "tokens" in reply ? [...reply.tokens] : [];
  }

  /** What the first token under a client's grammar takes, or why llama.cpp refuses it. Errors: WorkerError `tokenizer_died`. */
  async tryGrammar(gbnf: string): Promise<{ readonly ms: number } | { readonly refused: string }> {
    const reply = await this.#do({ kind: "grammar", gbnf });
    return "ms" in reply || "refused" in reply ? reply : { refused: "it was taken for something else" };
  }

  #do(task: ApartTask): Promise<ApartReply> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({ task, resolve, reject });
      this.#next();
    });
  }

  dispose(): void {
    this.#stopTicker();
    this.#end();
  }

  #next(): void {
    if (this.#current !== undefined) return;
    this.#sinceMs = this.#clock.monotonicMs();
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
    const child = spawn(
      "/bin/sh",
      ["-c", WITH_STACK, "sh", String(STACK_KIBIBYTES), process.execPath, file, this.#modelPath],
      {
        stdio: ["ignore", "ignore", "ignore", "ipc"],
        serialization: "advanced",
        env: { PATH, HOME, ...(XDG_CACHE_HOME !== undefined && { XDG_CACHE_HOME }) },
      },
    );
    child.on("message", (reply) => this.#onReply(child, reply as ApartReply));
    child.on("exit", (code, signal) => this.#onExit(child, signal ?? `exit code ${code}`));
    child.on("error", (error) => this.#onExit(child, error.message));
    return child;
  }

  #onReply(child: ChildProcess, reply: ApartReply): void {
    if (child !== this.#child) return;
    if ("ready" in reply) {
      this.#isReady = true;
      this.#sinceMs = this.#clock.monotonicMs();
      return;
    }
    const job = this.#current;
    if (job === undefined) return;
    this.#current = undefined;
    if (job.task.kind === "tokenize" && job.task.text.length > LARGE_TEXT_CHARS) this.#end();
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
    const ms = this.#clock.monotonicMs() - this.#sinceMs;
    if (this.#current === undefined && ms > IDLE_MS) this.#end();
    else if (this.#current !== undefined && ms > (this.#isReady ? patienceOf(this.#current.task) : PATIENCE_MS))
      this.#child.kill("SIGKILL");
  }

  #end(): void {
    const child = this.#child;
    this.#child = undefined;
    child?.kill("SIGKILL");
  }
}

function patienceOf(task: ApartTask): number {
  return task.kind === "grammar" ? GRAMMAR_PATIENCE_MS : PATIENCE_MS;
}
