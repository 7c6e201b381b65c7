// Drover against nginx least_conn before the same pinned batching workers, from 1 to 20 users.
// Wanted at every step: at least 1.0 in requests/s, at most 1.0 in TTFT p95.
// usage: node scripts/measure/compare-pinned.mjs [--quick] [--model FILE] [--rounds N] [--out FOLDER]
import { compare } from "./lib/compare.mjs";
import { quick } from "./lib/options.mjs";

const windows = quick
  ? "--users 1,8,20 --warmup 5s --duration 15s --least-answers 2"
  : "--users 1,2,4,8,12,16,20 --warmup 8s --duration 30s --least-answers 10";
const load = "--only pinned --ctx 1024 --preset small-team --think 0 --max-tokens 48 --ignore-eos";
await compare("compare-pinned", `${load} ${windows}`.split(" "), [
  { metric: "requests/s", atLeast: 1 },
  { metric: "TTFT p95", atMost: 1 },
]);
