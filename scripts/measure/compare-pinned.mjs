// Drover against nginx least_conn before the same pinned batching workers, from 1 to 20 users: with the questions of the
// small-team test, one at a time, and with chats whose history grows.
// Wanted at every step: at least 1.0 in requests/s, at most 1.0 in TTFT p95.
// usage: node scripts/measure/compare-pinned.mjs [--quick] [--model FILE] [--rounds N] [--out FOLDER] [small-team] [chat]
import { compare } from "./lib/compare.mjs";
import { names, quick } from "./lib/options.mjs";

const loads = {
  "small-team": "--preset small-team --ctx 1024",
  chat: "--preset chat --ctx 2048",
};
// The crowd first: each of the small team's six questions has been asked before a single user's window begins. And long
// enough before the window for the answers of the cold start to have ended.
const windows = quick
  ? "--users 20,8,1 --warmup 5s --duration 15s --least-answers 2"
  : "--users 20,16,12,8,4,2,1 --warmup 45s --duration 30s --least-answers 20";
for (const [name, load] of Object.entries(loads)) {
  if (names.length > 0 && !names.includes(name)) continue;
  console.log(`\n${name}:`);
  const words = `--only pinned --think 0 --max-tokens 48 --ignore-eos ${load} ${windows}`;
  await compare(`compare-pinned-${name}`, words.split(" "), [
    { metric: "requests/s", atLeast: 1 },
    { metric: "TTFT p95", atMost: 1 },
  ]);
}
