// Drover against nginx least_conn before unpinned single-slot workers with all threads each, at 8 users.
// Wanted: at least 4 in requests/s, at most 0.3 in response p95.
// usage: node scripts/measure/compare-hand-made.mjs [--quick] [--model FILE] [--rounds N] [--out FOLDER]
import { drover, modelPath, pageWords } from "./lib/drover.mjs";
import { quick, roundsOr } from "./lib/options.mjs";

const windows = quick ? "--warmup 5s --duration 20s" : "--warmup 10s --duration 60s";
const load = "--users 8 --ctx 1024 --preset small-team --think 0 --max-tokens 48 --ignore-eos".split(" ");
const words = [
  "--only",
  "hand-made",
  ...load,
  ...windows.split(" "),
  "--rounds",
  String(roundsOr(3)),
  ...pageWords("compare-hand-made"),
];
await drover(["bench", "compare", "--model", await modelPath(), ...words]);
