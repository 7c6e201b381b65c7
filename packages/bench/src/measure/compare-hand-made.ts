// Drover against nginx least_conn before unpinned single-slot workers with all threads each, at 8 users. The window grows
// until the slow side has responded to ten requests.
// usage: node packages/bench/dist/measure/compare-hand-made.js [--quick] [--model FILE] [--rounds N] [--out FOLDER]
import { compare } from "./support/compare.ts";
import { quick } from "./support/options.ts";

const windows = quick
  ? "--warmup 2s --duration 5s --least-responses 2"
  : "--warmup 10s --duration 60s --least-responses 10";
const load = "--only hand-made --users 8 --ctx 1024 --preset small-team --think 0 --max-tokens 48";
await compare("compare-hand-made", `${load} ${windows}`.split(" "), ["requests/s >= 4", "response p95 <= 0.3"]);
