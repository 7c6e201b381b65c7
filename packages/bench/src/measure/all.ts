// Runs every measuring script beside this one and prints their figures, each under the command that makes it.
// usage: pnpm bench:all [--quick] [--model FILE] [--rounds N] [--out FOLDER] [--llama-server PATH] [PART OF A SCRIPT'S NAME …]
import { systemClock } from "@drover/foundation/clock";
import { sizeText } from "@drover/foundation/texts";
import { mkdirSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { names, out } from "./support/options.ts";
import { run } from "./support/session.ts";

/** In the order of their worth where somebody stops early. */
const scripts: readonly string[] = [
  "compare-llama-server",
  "compare-pinned",
  "compare-hand-made",
  "resume",
  "snapshots",
  "balancer-requests",
  "balancer-events",
  "balancer-crowd",
  "observing",
  "accuracy",
  "streams",
  "tune-twice",
];

const wanted = scripts.filter((script) => names.length === 0 || names.some((part) => script.includes(part)));
if (wanted.length === 0) {
  console.error(`no measuring script's name has ${names.join(" or ")} in it; there are ${scripts.join(", ")}`);
  process.exit(2);
}
if (out !== undefined) mkdirSync(out, { recursive: true });
console.log(
  `${new Date(systemClock.epochMs()).toISOString()}, ${cpus()[0]?.model}, ${cpus().length} CPUs, ${sizeText(totalmem())}, Node ${process.version}`,
);
const options = process.argv.slice(2).filter((word) => !names.includes(word));
const failed: string[] = [];
for (const script of wanted) {
  const startMs = systemClock.monotonicMs();
  const path = fileURLToPath(new URL(`${script}.js`, import.meta.url));
  const title = `\n=== node packages/bench/dist/measure/${[`${script}.js`, ...options].join(" ")}`;
  const { code } = await run(title, process.execPath, [path, ...options]);
  const took = `${((systemClock.monotonicMs() - startMs) / 1000).toFixed(0)} s`;
  console.log(`--- ${script}: ${code === 0 ? "done" : `FAILED (${code})`} after ${took}`);
  if (code !== 0) failed.push(script);
}
if (failed.length > 0) console.log(`\nFAILED: ${failed.join(", ")}`);
process.exitCode = failed.length > 0 ? 1 : 0;
