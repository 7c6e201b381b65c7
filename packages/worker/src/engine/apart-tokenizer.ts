import { type ChildProcess, spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import type { Clock } from "@drover/foundation/clock";
import { WorkerError } from "../errors.ts";
import type { TokenizeMessage } from "./tokenizer-process.ts";

/** Of the process's one thread: a match of std::regex takes some 350 bytes for each character. */
const STACK_KIBIBYTES = 1024 * 1024;

/** A text of a megabyte takes two seconds. */
const PATIENCE_MS = 20_000;

/** How long the process stays when it has nothing to do. */
const IDLE_MS = 30_000;

/** After texts of this length its stack has grown to tens of megabytes, which only its end gives back. */
const LARGE_TEXT_CHARS = 64 * 1024;

/** `sh` raises the limit as far as it may, and becomes the process itself. */
const WITH_STACK = 'ulimit -s "$1" 2>/dev/null || ulimit -s "$(ulimit -H -s)" 2>/dev/null; shift; exec "$@"';

interface Job extends TokenizeMessage {
  readonly resolve: (tokens: readonly number[]) => void;
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
  /** When the process began what it does, or began to do nothing. */
  #sinceMs = 0;

  constructor(modelPath: string, clock: Clock) {
    this.#modelPath = modelPath;
    this.#clock = clock;
    this.#stopTicker = clock.every(1000, () => this.#look());
  }

  /** Errors: WorkerError `tokenizer_died`. */
  tokenize(text: string, special: boolean): Promise<readonly number[]> {
    return new Promise((resolve, reject) => {
      this.#jobs.push({ text, special, resolve, reject });
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
    this.#child ??= this.#start();
    this.#child.ref();
    this.#child.send({ text: job.text, special: job.special } satisfies TokenizeMessage);
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
    child.on("message", (tokens) => this.#onTokens(child, tokens as Uint32Array));
    child.on("exit", (code, signal) => this.#onExit(child, signal ?? `exit code ${code}`));
    child.on("error", (error) => this.#onExit(child, error.message));
    return child;
  }

  #onTokens(child: ChildProcess, tokens: Uint32Array): void {
    const job = this.#current;
    if (child !== this.#child || job === undefined) return;
    this.#current = undefined;
    if (job.text.length > LARGE_TEXT_CHARS) this.#end();
    else child.unref();
    job.resolve([...tokens]);
    this.#next();
  }

  #onExit(child: ChildProcess, how: string): void {
    if (child !== this.#child) return;
    this.#child = undefined;
    const job = this.#current;
    this.#current = undefined;
    job?.reject(new WorkerError("tokenizer_died", `llama.cpp can't tokenize that (${how})`));
    this.#next();
  }

  #look(): void {
    if (this.#child === undefined) return;
    const ms = this.#clock.monotonicMs() - this.#sinceMs;
    if (this.#current === undefined && ms > IDLE_MS) this.#end();
    else if (this.#current !== undefined && ms > PATIENCE_MS) this.#child.kill("SIGKILL");
  }

  #end(): void {
    const child = this.#child;
    this.#child = undefined;
    child?.kill("SIGKILL");
  }
}
