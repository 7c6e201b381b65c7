// Runs every measuring script beside this one and prints their figures, each under the command that makes it.
// usage: pnpm bench:all [--quick] [--model FILE] [--rounds N] [--out FOLDER] [PART OF A SCRIPT'S NAME …]
import { mkdirSync, readdirSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { names, out } from "./lib/options.mjs";
import { run } from "./lib/session.mjs";

const here = new URL(".", import.meta.url);
const options = process.argv.slice(2).filter((word) => !names.includes(word));
if (out !== undefined) mkdirSync(out, { recursive: true });

const scripts = readdirSync(here)
  .filter((file) => file.endsWith(".mjs") && file !== "all.mjs")
  .filter((file) => names.length === 0 || names.some((part) => file.includes(part)))
  .toSorted();
if (scripts.length === 0) {
  console.error(`no measuring script's name has ${names.join(" or ")} in it`);
  process.exit(2);
}
console.log(
  `${new Date().toISOString()}, ${cpus()[0]?.model}, ${cpus().length} CPUs, ${(totalmem() / 2 ** 30).toFixed(1)} GiB, Node ${process.version}`,
);
const failed = [];
for (const script of scripts) {
  const startMs = performance.now();
  const title = `\n=== node scripts/measure/${[script, ...options].join(" ")}`;
  const { code } = await run(title, process.execPath, [new URL(script, here).pathname, ...options]);
  const took = `${((performance.now() - startMs) / 1000).toFixed(0)} s`;
  console.log(`--- ${script}: ${code === 0 ? "done" : `FAILED (${code})`} after ${took}`);
  if (code !== 0) failed.push(script);
}
if (failed.length > 0) console.log(`\nFAILED: ${failed.join(", ")}`);
process.exitCode = failed.length > 0 ? 1 : 0;
