/** 50 reloads and 10 model swaps under load; no request may fail. usage: pnpm test:reloads [--reloads 50] [--swaps 10] [--clients 16] */
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { writeSyntheticModel } from "@drover/models";
import { Pasture } from "../support/drover-process.ts";
import { runClients } from "./clients.ts";
import { percentile } from "./recoveries.ts";

const { values } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== "--"),
  options: {
    reloads: { type: "string", default: "50" },
    swaps: { type: "string", default: "10" },
    clients: { type: "string", default: "16" },
  },
});

const pasture = new Pasture();
const models = [join(pasture.folder, "first.gguf"), join(pasture.folder, "second.gguf")] as const;
const times: Readonly<Record<"reload" | "swap", number[]>> = { reload: [], swap: [] };
const failures: string[] = [];

try {
  await writeSyntheticModel("tiny", models[0], "q8_0");
  copyFileSync(models[0], models[1]);
  configure(0);
  const drover = pasture.up([]);
  const url = await drover.url();
  await drover.workers((rows) => rows.length === 2 && rows.every((row) => row.state === "ready"));
  const over = new AbortController();
  const count = Number(values.clients);
  const load = runClients({ url, count, seed: 1, signal: over.signal, wasStarved: () => false });
  const [reloads, swaps] = [Number(values.reloads), Number(values.swaps)];
  const swapEvery = Math.max(1, Math.floor(reloads / Math.max(1, swaps)));
  for (let number = 1; number <= reloads; number += 1) {
    configure(number);
    await timed("reload", "/reload");
    if (number % swapEvery !== 0 || times.swap.length >= swaps) continue;
    await timed("swap", `/reload?model=${encodeURIComponent(models[times.swap.length % 2 === 0 ? 1 : 0])}`);
  }
  over.abort();
  const { counts, wrongs, statuses } = await load;
  const bad = Object.entries(counts).filter(([outcome]) => outcome !== "whole");
  say(`requests: ${JSON.stringify(counts)}, by status ${JSON.stringify(statuses)}`);
  for (const [kind, took] of Object.entries(times)) {
    say(`${kind}: ${took.length}, ms median ${percentile(took, 0.5)}, max ${Math.max(...took)}`);
  }
  for (const line of [...failures, ...wrongs]) say(line);
  if (bad.length > 0 || failures.length > 0) process.exitCode = 1;
  say(process.exitCode === 1 ? "FAILED" : "no request failed");
  await drover.end();
} finally {
  await pasture.close();
}

function configure(number: number): void {
  const lines = [`model: ${models[0]}`, "workers: { count: 2, threads: 1, slots: 4, context: 512 }"];
  writeFileSync(join(pasture.folder, "drover.yaml"), `${lines.join("\n")}\nqueue: { limit: ${1000 + number} }\n`);
}

async function timed(kind: "reload" | "swap", path: string): Promise<void> {
  const begun = Date.now();
  const { error } = await pasture.admin<{ readonly error?: string }>("POST", path);
  times[kind].push(Date.now() - begun);
  if (error !== undefined) failures.push(`${kind} ${times[kind].length}: ${error}`);
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}
