// Drover against nginx least_conn before unpinned single-slot workers with all threads each, at 8 users. The window grows
// until the slow side has answered ten requests. Wanted: at least 4 in requests/s, at most 0.3 in response p95.
// usage: node scripts/measure/compare-hand-made.mjs [--quick] [--model FILE] [--rounds N] [--out FOLDER]
import { compare } from "./lib/compare.mjs";
import { quick } from "./lib/options.mjs";

const windows = quick
  ? "--warmup 5s --duration 20s --least-answers 2"
  : "--warmup 10s --duration 60s --least-answers 10";
const load = "--only hand-made --users 8 --ctx 1024 --preset small-team --think 0 --max-tokens 48 --ignore-eos";
await compare("compare-hand-made", `${load} ${windows}`.split(" "), [
  { metric: "requests/s", atLeast: 4 },
  { metric: "response p95", atMost: 0.3 },
]);
