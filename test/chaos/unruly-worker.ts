/**
 * Drover's own worker with a real engine, made to go wrong on demand. As a command it is given the port, threads and
 * model; what goes wrong at its start stands in `trouble.json` of the working directory, and SIGUSR2 blocks its loop for good.
 * usage: unruly-worker.js PORT THREADS MODEL
 */
import { readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import type { WorkerOptions } from "@drover/contract/worker-options";

/** What goes wrong at the next start of any worker. */
export interface Trouble {
  /** Milliseconds before it begins to load. */
  readonly slowStartMs?: number;
  /** It ends at once, with this code. */
  readonly exitCode?: number;
}

const [port = "0", threads = "1", modelPath = ""] = process.argv.slice(2);

process.on("SIGUSR2", () => {
  // Stops the entire thread, as a native call that never returns does, and costs no CPU.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});

const trouble = readTrouble();
if (trouble.exitCode !== undefined) process.exit(trouble.exitCode);
await sleep(trouble.slowStartMs ?? 0);

const options: WorkerOptions = {
  modelPath,
  port: Number(port),
  threads: Number(threads),
  slots: 4,
  contextTokens: 512,
  stepCosts: "off",
  logLevel: "warn",
};
process.argv[2] = JSON.stringify(options);
await import("@drover/worker/main");

function readTrouble(): Trouble {
  try {
    return JSON.parse(readFileSync("trouble.json", "utf8")) as Trouble;
  } catch {
    return {};
  }
}
