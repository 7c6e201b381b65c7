// Runs every measuring script beside this one and prints their figures, each under the command that makes it.
// usage: pnpm bench:all [--quick] [--out FOLDER] [PART OF A SCRIPT'S NAME …]
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { cpus, totalmem } from "node:os";

const here = new URL(".", import.meta.url);
const words = process.argv.slice(2);
const out = words.indexOf("--out");
const options = words.filter((word, index) => word.startsWith("--") || (out >= 0 && index === out + 1));
const wanted = words.filter((word) => !options.includes(word));
if (out >= 0) mkdirSync(words[out + 1], { recursive: true });

const scripts = readdirSync(here)
  .filter((file) => file.endsWith(".mjs") && file !== "all.mjs")
  .filter((file) => wanted.length === 0 || wanted.some((part) => file.includes(part)))
  .toSorted();
console.log(
  `${new Date().toISOString()}, ${cpus()[0]?.model}, ${cpus().length} CPUs, ${(totalmem() / 2 ** 30).toFixed(1)} GiB, Node ${process.version}`,
);
const failed = [];
for (const script of scripts) {
  const startMs = performance.now();
  console.log(`\n=== node scripts/measure/${script} ${options.join(" ")}`);
  const { status } = spawnSync(process.execPath, [new URL(script, here).pathname, ...options], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  console.log(
    `--- ${script}: ${status === 0 ? "done" : `FAILED (${status})`} after ${((performance.now() - startMs) / 1000).toFixed(0)} s`,
  );
  if (status !== 0) failed.push(script);
}
if (failed.length > 0) console.log(`\nFAILED: ${failed.join(", ")}`);
process.exitCode = failed.length > 0 ? 1 : 0;
