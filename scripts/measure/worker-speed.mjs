// The worker alone on one pinned thread: lock-step against stock loops, step costs, prefill beside running streams, prefix
// reuse. usage: node scripts/measure/worker-speed.mjs [--quick] [--model FILE] [--rounds N] [SCENARIO …]
import { fileURLToPath } from "node:url";
import { model, names, roundsOr } from "./lib/options.mjs";
import { run } from "./lib/session.mjs";

const words = ["--rounds", String(roundsOr(3)), ...(model === undefined ? [] : ["--model", model]), ...names];
const main = fileURLToPath(new URL("../../packages/bench/dist/measure/worker-speed/main.js", import.meta.url));
const title = `$ node packages/bench/dist/measure/worker-speed/main.js ${words.join(" ")}`;
const { code } = await run(title, process.execPath, [main, ...words]);
process.exitCode = code;
