// The worker alone on one pinned thread: lock-step against stock loops, step costs, prefill beside running streams, prefix
// reuse. usage: node scripts/measure/worker-speed.mjs [--quick]
import { spawnSync } from "node:child_process";
import { quick } from "./lib/drover.mjs";

const words = quick ? ["--rounds", "1"] : [];
const main = new URL("../../packages/bench/dist/worker-speed/main.js", import.meta.url).pathname;
console.log(`$ node packages/bench/dist/worker-speed/main.js ${words.join(" ")}`);
process.exitCode =
  spawnSync(process.execPath, [main, ...words], { stdio: ["ignore", "inherit", "inherit"] }).status ?? 1;
