// Drover against nginx least_conn before unpinned single-slot workers with all threads each, at 8 users.
// Wanted: at least 4 in requests/s, at most 0.3 in response p95.
// usage: node scripts/measure/compare-hand-made.mjs [--quick] [--out FOLDER]
import { bigModel, drover, pageWords, quick } from "./lib/drover.mjs";

const rounds = quick ? "--warmup 5s --duration 20s --rounds 1" : "--warmup 10s --duration 60s --rounds 3";
const load = "--users 8 --ctx 1024 --preset small-team --think 0 --max-tokens 48 --ignore-eos".split(" ");
const words = ["--only", "hand-made", ...load, ...rounds.split(" "), ...pageWords("compare-hand-made")];
drover(["bench", "compare", "--model", bigModel(), ...words]);
