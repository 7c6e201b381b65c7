// Drover against nginx least_conn before the same pinned batching workers, from 1 to 20 users.
// Wanted at every step: at least 1.0 in requests/s, at most 1.0 in TTFT p95.
// usage: node scripts/measure/compare-pinned.mjs [--quick] [--out FOLDER]
import { bigModel, drover, pageWords, quick } from "./lib/drover.mjs";

const rounds = quick
  ? "--users 1,8,20 --warmup 5s --duration 15s --rounds 1"
  : "--users 1,2,4,8,12,16,20 --warmup 8s --duration 30s --rounds 3";
const load = "--ctx 1024 --preset small-team --think 0 --max-tokens 48 --ignore-eos".split(" ");
const words = ["--only", "pinned", ...load, ...rounds.split(" "), ...pageWords("compare-pinned")];
drover(["bench", "compare", "--model", bigModel(), ...words]);
