import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { copyFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** What the reading process tells. */
export interface FileRead {
  readonly kind: "GGUF files" | "nginx files";
  readonly event: "begun" | "read";
  readonly tookMs: number;
  /** It was neither read nor refused as a file may be. */
  readonly problem?: string;
}

/** A file of some kilobytes that takes longer holds up whoever reads it. */
const MOST_READ_MS = 2000;

/** Has generated files read, one after the other, and keeps those that did harm. */
export class FileReader {
  readonly counts: Record<string, number> = {};
  readonly harm: string[] = [];
  readonly #child: ChildProcess;
  readonly #folder: string;
  #reading: FileRead["kind"] | undefined;

  constructor(folder: string, seed: number) {
    this.#folder = folder;
    this.#child = fork(fileURLToPath(new URL("./read-files.js", import.meta.url)), [folder, String(seed)]);
    this.#child.on("message", (read: FileRead) => this.#onMessage(read));
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) {
      this.#keep(`the process that reads files ended: ${this.#child.signalCode ?? this.#child.exitCode}`);
      return;
    }
    const ended = once(this.#child, "exit");
    this.#child.disconnect();
    const timer = setTimeout(() => {
      this.#keep(`${this.#reading} are read without end`);
      this.#child.kill("SIGKILL");
    }, 5000);
    await ended;
    clearTimeout(timer);
  }

  #onMessage({ kind, event, tookMs, problem }: FileRead): void {
    this.#reading = kind;
    if (event === "begun") return;
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    if (problem !== undefined) this.#keep(`one of the ${kind} is an accident: ${problem}`);
    if (tookMs > MOST_READ_MS) this.#keep(`one of the ${kind} takes ${Math.round(tookMs)} ms`);
  }

  /** The next one would be written over it. */
  #keep(sentence: string): void {
    const name = this.#reading === "nginx files" ? "spoilt.conf" : "spoilt.gguf";
    const kept = join(this.#folder, `kept-${this.harm.length}-${name}`);
    this.harm.push(sentence);
    try {
      copyFileSync(join(this.#folder, name), kept);
    } catch {
      // It has ended before it wrote one.
    }
  }
}
