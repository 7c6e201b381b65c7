// Drover against nginx least_conn before the same pinned batching workers, from 1 to 20 users: with the questions of the
// small-team test, one at a time, and with chats whose history grows.
// Wanted at every step: at least 1.0 in requests/s, at most 1.0 in TTFT p95.
// usage: node scripts/measure/compare-pinned.mjs [--quick] [--model FILE] [--rounds N] [--out FOLDER] [small-team] [chat]
import { compare } from "./lib/compare.mjs";
import { names, quick } from "./lib/options.mjs";

const loads = {
  // Long enough for each of the six questions to have been asked before the window.
  "small-team": `--preset small-team --ctx 1024 --warmup ${quick ? 5 : 15}s`,
  chat: `--preset chat --ctx 2048 --warmup ${quick ? 5 : 10}s`,
};
const windows = quick
  ? "--users 1,8,20 --duration 15s --least-answers 2"
  : "--users 1,2,4,8,12,16,20 --duration 30s --least-answers 10";
for (const [name, load] of Object.entries(loads)) {
  if (names.length > 0 && !names.includes(name)) continue;
  console.log(`\n${name}:`);
  const words = `--only pinned --think 0 --max-tokens 48 --ignore-eos ${load} ${windows}`;
  await compare(`compare-pinned-${name}`, words.split(" "), [
    { metric: "requests/s", atLeast: 1 },
    { metric: "TTFT p95", atMost: 1 },
  ]);
}
