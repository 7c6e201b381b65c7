import { renameSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { execa } from "execa";
import type { Drover, Pasture } from "../support/drover-process.ts";
import { descriptorsOf, signalIfThere } from "../support/processes.ts";
import { TooLate } from "../support/until.ts";
import type { Random } from "./random.ts";
import type { Trouble } from "./unruly-worker.ts";

/** Where a storm takes place. */
export interface StormField {
  readonly pasture: Pasture;
  readonly drover: Drover;
  readonly random: Random;
  /** Writes drover.yaml; `more` are lines beyond the storm's own. */
  readonly configure: (more?: string) => void;
  /** Two models that may be swapped; the first is the file's. */
  readonly models: readonly [string, string];
  /** Asks for something that takes longer than the storm waits. */
  readonly ask: (path: string) => void;
  /** Whether the supervisor has no free descriptor, on purpose. */
  readonly setStarved: (isStarved: boolean) => void;
}

/** One kind of trouble. Resolves when whatever it changed for a while is as before; the recovery is not waited for. */
export type Action = (field: StormField) => Promise<void>;

/** Every kind of trouble by name. */
export const ACTIONS: Readonly<Record<string, Action>> = {
  "SIGKILL a worker": (field) => signalOne(field, "SIGKILL"),
  "SIGSTOP a worker": (field) => signalOne(field, "SIGSTOP"),
  "block a worker's loop": (field) => signalOne(field, "SIGUSR2"),
  "steal a worker's port": stealPort,
  "corrupt the model file": (field) => breakModel(field, (path) => writeFileSync(path, "GGUF, but no model")),
  "take the model file away": (field) => breakModel(field, () => {}),
  "slow start": (field) => trouble(field, { slowStartMs: 1500 }),
  "failing start": (field) => trouble(field, { exitCode: 3 }),
  "memory limit": memoryLimit,
  "descriptor limit": descriptorLimit,
  "SIGHUP, good file": async ({ configure, drover, random }) => {
    configure(`queue: { limit: ${random.between(500, 2000)} }\n`);
    drover.child.kill("SIGHUP");
  },
  "SIGHUP, bad file": async ({ configure, drover }) => {
    configure("queue: { limitt: 1 }\n");
    drover.child.kill("SIGHUP");
    await sleep(100);
    configure();
  },
  "swap the model": async ({ ask, random, models }) => {
    // A worker may die in the middle of it; then everything stays as it was, and that is right.
    ask(`/reload?model=${encodeURIComponent(random.pick(models))}`);
  },
  "scale up": async ({ ask }) => ask("/scale?count=5"),
  "scale down": async ({ ask }) => ask("/scale?count=3"),
};

interface Target {
  readonly pid: number;
  readonly port: number;
}

async function pickWorker({ pasture, random }: StormField): Promise<Target | undefined> {
  // Without a free descriptor the supervisor can't respond.
  const rows = await pasture.status().catch((error: Error) => {
    if (error instanceof TooLate) throw error;
    return [];
  });
  const ready = rows.flatMap(({ state, pid, port }) =>
    state === "ready" && pid !== null && port !== null ? [{ pid, port }] : [],
  );
  return ready.length === 0 ? undefined : random.pick(ready);
}

async function signalOne(field: StormField, signal: NodeJS.Signals): Promise<void> {
  const row = await pickWorker(field);
  if (row === undefined) return;
  signalIfThere(row.pid, signal);
}

async function stealPort(field: StormField): Promise<void> {
  const row = await pickWorker(field);
  if (row === undefined) return;
  const { port } = row;
  const thief = createServer((socket) => socket.destroy());
  signalIfThere(row.pid, "SIGKILL");
  // The dead worker's socket is free once the kernel has taken it down.
  for (let tries = 0; tries < 50; tries += 1) {
    const isListening = await new Promise<boolean>((resolve) => {
      thief.once("error", () => resolve(false));
      thief.listen(port, "127.0.0.1", () => resolve(true));
    });
    if (isListening) break;
    await sleep(10);
  }
  await sleep(2000);
  thief.close();
}

async function breakModel(field: StormField, harm: (path: string) => void): Promise<void> {
  const [path] = field.models;
  const backup = `${path}.backup`;
  renameSync(path, backup);
  harm(path);
  try {
    await signalOne(field, "SIGKILL");
    field.drover.child.kill("SIGHUP");
    await sleep(1500);
  } finally {
    // The same file again: what loaded it before need not be rolled.
    renameSync(backup, path);
  }
}

async function trouble(field: StormField, what: Trouble): Promise<void> {
  const path = join(field.pasture.folder, "trouble.json");
  writeFileSync(path, JSON.stringify(what));
  try {
    await signalOne(field, "SIGKILL");
    await sleep(2000);
  } finally {
    rmSync(path);
  }
}

async function memoryLimit({ configure, drover }: StormField): Promise<void> {
  configure("supervision: { memoryLimit: 1MiB }\n");
  drover.child.kill("SIGHUP");
  await drover
    .entry(
      (entry) => /over the limit of 1 MiB/.test(String(entry.msg)) && Number(entry["time"]) > Date.now() - 8000,
      8000,
    )
    .catch(() => {});
  configure();
  drover.child.kill("SIGHUP");
}

const PRLIMIT_MS = 10_000;

async function descriptorLimit(field: StormField): Promise<void> {
  const pid = String(field.drover.child.pid);
  const limit = async (...words: readonly string[]) =>
    (await execa("prlimit", ["--pid", pid, ...words], { timeout: PRLIMIT_MS })).stdout;
  const stdout = await limit("--nofile", "--output", "SOFT,HARD", "--noheadings");
  const [soft = "1024", hard = "4096"] = stdout.trim().split(/\s+/);
  const open = descriptorsOf(field.drover.child.pid ?? 0).length;
  field.setStarved(true);
  await limit(`--nofile=${open + 4}:${hard}`);
  try {
    await signalOne(field, "SIGKILL");
    await sleep(1500);
  } finally {
    await limit(`--nofile=${soft}:${hard}`);
    field.setStarved(false);
  }
}
