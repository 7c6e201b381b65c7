// Drover against nginx least_conn before the same pinned batching workers, from 1 to 20 users: with the questions of the
// small-team test, one at a time, and with chats whose history grows.
// usage: node packages/bench/dist/measure/compare-pinned.js [--quick] [--model FILE] [--rounds N] [--out FOLDER] [small-team] [chat]
import { compare } from "./support/compare.ts";
import { names, quick } from "./support/options.ts";

const contexts = { "small-team": 1024, chat: 2048 };
// The crowd first: each of the small team's six questions has been asked before a single user's window begins. And long
// enough before the window for the responses of the cold start to have ended.
const windows = quick
  ? "--users 8,1 --warmup 2s --duration 4s --least-responses 2"
  : "--users 20,16,12,8,4,2,1 --warmup 45s --duration 30s --least-responses 20";
for (const [preset, context] of Object.entries(contexts)) {
  if (names.length > 0 && !names.includes(preset)) continue;
  const args = `--only pinned --think 0 --max-tokens 48 --preset ${preset} --ctx ${context} ${windows}`;
  await compare(`compare-pinned-${preset}`, args.split(" "), ["requests/s >= 1", "TTFT p95 <= 1"]);
}
