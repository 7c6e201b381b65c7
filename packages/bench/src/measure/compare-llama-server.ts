// Drover against a single llama-server with all CPUs, plain and with one KV buffer for all slots: every load that Drover
// is meant to win. Judges the reports as `pnpm bench:targets` does. Passes over it where there is no llama-server.
// usage: node packages/bench/dist/measure/compare-llama-server.js [--quick] [--model FILE] [--rounds N] [--out FOLDER] [--llama-server PATH] [PRESET …]
import { findLlamaServer } from "../sides/llama-server.ts";
import type { NamedReport } from "../compare/merge.ts";
import { compare } from "./support/compare.ts";
import { llamaServer, names, quick } from "./support/options.ts";
import { judgeTargets } from "./support/targets.ts";

/** By preset; windows end with so many responses, since this takes a small machine an hour and more for each. */
const loads: Readonly<Record<string, string>> = {
  ask: "--users 1,2,4,8,12,16,20 --responses 24 --ctx 1024",
  chat: "--users 4,8 --responses 64 --max-tokens 48 --think 0 --ctx 2048",
  "small-team": "--users 8,12,16,20 --responses 40 --max-tokens 48 --think 0 --ctx 1024",
  mixed: "--users 4,8 --responses 4 --ctx 4096",
};
const quickLoads: Readonly<Record<string, string>> = { ask: "--users 1,8 --responses 12 --ctx 1024" };

const path = findLlamaServer(llamaServer, process.env["PATH"] ?? "");
if (path === undefined) console.log("There is no llama-server in PATH; --llama-server PATH names one.");
else await measure(path);

async function measure(program: string): Promise<void> {
  const reports: NamedReport[] = [];
  for (const [preset, load] of Object.entries(quick ? quickLoads : loads)) {
    if (names.length > 0 && !names.includes(preset)) continue;
    const name = `compare-llama-server-${preset}`;
    const sides = ["--only", "llama-server", "--llama-server", program, "--llama-server-args=-kvu", "--retries", "1"];
    reports.push({ name, report: await compare(name, ["--preset", preset, ...load.split(" "), ...sides], []) });
  }
  if (reports.length > 0) judgeTargets(reports);
}
