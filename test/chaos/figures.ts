/**
 * The supervisor's figures, each with its spread: how long a killed worker is away, how long until a stopped one is found,
 * what the supervisor itself costs at rest, and what it adds to a worker's start.
 * usage: pnpm measure:supervisor
 */
import { fork } from "node:child_process";
import { once } from "node:events";
import { loadavg } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { writeSyntheticModel } from "@drover/models";
import { workerArguments } from "@drover/contract/worker-options";
import type { WorkerMessage } from "@drover/contract/ipc";
import { type Drover, type LogEntry, Pasture } from "../support/drover-process.ts";
import { cpuMsOf } from "../support/processes.ts";
import { percentile } from "./recoveries.ts";

const pasture = new Pasture();
const model = join(pasture.folder, "tiny.gguf");
await writeSyntheticModel("tiny", model, "q8_0");
const own = ["--model", model, "--threads", "1", "--slots", "4", "--ctx", "512"];

try {
  say(`load of the machine before: ${loadavg()[0]?.toFixed(1)}`);
  await measureStart();
  const drover = pasture.up([...own, "--workers", "2"]);
  await allReady(drover, 2);
  await measureKill(drover);
  await measureStop(drover);
  await drover.end();
  await measureRest();
} finally {
  await pasture.close();
}

async function measureStart(): Promise<void> {
  const alone: number[] = [];
  const supervised: number[] = [];
  for (let round = 0; round < 6; round += 1) {
    alone.push(await startAlone());
    supervised.push(await startSupervised());
  }
  report("worker alone, from its start to ready", alone);
  report("drover up, from its start to serving", supervised);
  report(
    "what drover adds, pair by pair",
    supervised.map((took, index) => took - (alone[index] ?? 0)),
  );
}

async function startAlone(): Promise<number> {
  const main = fileURLToPath(import.meta.resolve("@drover/worker/main"));
  const begun = performance.now();
  const options = { modelPath: model, port: 0, threads: 1, slots: 4, contextTokens: 512, logLevel: "error" } as const;
  const child = fork(main, [...workerArguments(options)], { stdio: "ignore" });
  await new Promise<void>((resolve) => {
    child.on("message", (message: WorkerMessage) => {
      if (message.type === "ready") resolve();
    });
  });
  const took = performance.now() - begun;
  child.kill("SIGKILL");
  await once(child, "exit");
  return took;
}

async function startSupervised(): Promise<number> {
  const begun = performance.now();
  const drover = pasture.up([...own, "--workers", "1"]);
  await drover.url();
  const took = performance.now() - begun;
  await drover.end();
  return took;
}

async function measureKill(drover: Drover): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < 8; round += 1) {
    const { id, pid } = await pickWorker(drover, round);
    const begun = Date.now();
    process.kill(pid, "SIGKILL");
    const entry = await drover.entry((found) => isOf(found, id, begun) && found["to"] === "ready");
    times.push(Number(entry["time"]) - begun);
  }
  report("SIGKILL of a worker to ready again (0.4 to 0.6 s of it is the first backoff)", times);
}

async function measureStop(drover: Drover): Promise<void> {
  const times: number[] = [];
  for (let round = 0; round < 4; round += 1) {
    const { id, pid } = await pickWorker(drover, round);
    const begun = Date.now();
    process.kill(pid, "SIGSTOP");
    const entry = await drover.entry((found) => isOf(found, id, begun) && found["event"] === "hung", 30_000);
    times.push(Number(entry["time"]) - begun);
  }
  report("SIGSTOP of a worker to its detection (liveness timeout 10 s)", times);
}

async function measureRest(): Promise<void> {
  const drover = pasture.up([...own, "--workers", "8"]);
  await allReady(drover, 8);
  await sleep(5000);
  const shares: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const before = cpuMsOf(drover.child.pid ?? 0);
    await sleep(10_000);
    shares.push((cpuMsOf(drover.child.pid ?? 0) - before) / 100);
  }
  report("supervisor at rest with 8 workers, % of one core over 10 s", shares, 2);
  await drover.end();
}

async function allReady(drover: Drover, count: number): Promise<void> {
  await drover.workers((rows) => rows.length === count && rows.every((row) => row.state === "ready"), 120_000);
}

async function pickWorker(drover: Drover, round: number): Promise<{ readonly id: string; readonly pid: number }> {
  const rows = await drover.workers((found) => found.every((row) => row.state === "ready"), 60_000);
  const row = rows[round % rows.length];
  if (row === undefined || row.pid === null) throw new Error("no worker");
  return { id: row.id, pid: row.pid };
}

function isOf(entry: LogEntry, worker: string, sinceMs: number): boolean {
  return entry["worker"] === worker && Number(entry["time"]) >= sinceMs;
}

function report(what: string, values: readonly number[], digits = 0): void {
  const [least, middle, most] = [Math.min(...values), percentile(values, 0.5), Math.max(...values)];
  const figures = [middle, least, most].map((value) => value.toFixed(digits));
  say(`${what}: median ${figures[0]}, ${figures[1]} to ${figures[2]}, n=${values.length}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
