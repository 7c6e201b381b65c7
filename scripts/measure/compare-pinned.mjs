// Drover against nginx least_conn before the same pinned batching workers, from 1 to 20 users.
// Wanted at every step: at least 1.0 in requests/s, at most 1.0 in TTFT p95.
// usage: node scripts/measure/compare-pinned.mjs [--quick] [--model FILE] [--rounds N] [--out FOLDER]
import { drover, modelPath, pageWords } from "./lib/drover.mjs";
import { quick, roundsOr } from "./lib/options.mjs";

const windows = quick
  ? "--users 1,8,20 --warmup 5s --duration 15s"
  : "--users 1,2,4,8,12,16,20 --warmup 8s --duration 30s";
const load = "--ctx 1024 --preset small-team --think 0 --max-tokens 48 --ignore-eos".split(" ");
const words = [
  "--only",
  "pinned",
  ...load,
  ...windows.split(" "),
  "--rounds",
  String(roundsOr(3)),
  ...pageWords("compare-pinned"),
];
await drover(["bench", "compare", "--model", await modelPath(), ...words]);
