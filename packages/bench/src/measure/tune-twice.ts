// Runs `drover tune` twice, then an exhaustive sweep: each layout with 4, 8 and 16 slots, and both picks, measured side by
// side in interleaved rounds. Wanted: the picks within 5% of each other, and no layout over 5% better than a pick.
// usage: node packages/bench/dist/measure/tune-twice.js [--quick] [--model FILE] [--rounds N]
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { planLoad } from "../plan/load-plan.ts";
import { median } from "../statistics/median.ts";
import { type Candidate, candidateName } from "../tune/candidate.ts";
import { measureCandidate } from "../tune/measure-candidate.ts";
import type { TuneReport } from "../tune/run-tune.ts";
import { coarseCandidates } from "../tune/search-space.ts";
import { bin, drover, modelPath } from "./support/drover.ts";
import { quick, repeat, roundsOr } from "./support/options.ts";
import { onInterrupt, scratch } from "./support/session.ts";
import { spread } from "./support/spread.ts";

const USERS = 8;
const RESPONSE_TOKENS = 48;
const model = await modelPath();
const windows = quick
  ? { warmup: "1s", duration: "3s", limit: "15s", sweepMs: 3000, slots: [8] }
  : { warmup: "4s", duration: "12s", limit: "5m", sweepMs: 15_000, slots: [4, 8, 16] };

/** What one search has picked. */
async function pick(run: number): Promise<Candidate> {
  const out = join(scratch, `drover-${run}.yaml`);
  const load = `--users ${USERS} --max-tokens ${RESPONSE_TOKENS} --ignore-eos --warmup ${windows.warmup} --duration ${windows.duration}`;
  const args = ["tune", "--model", model, "--ctx", "1024", ...load.split(" "), "--seed", String(run)];
  const json = await drover([...args, "--for", windows.limit, "--out", out, "--json"], { capture: true });
  const report = JSON.parse(json) as TuneReport;
  console.log(`run ${run}: ${report.verdicts.join(" ")}\n${readFileSync(out, "utf8")}`);
  return report.pick.candidate;
}

const picks = await repeat(2, (index) => pick(index + 1));
const layouts = coarseCandidates(availableParallelism(), USERS);
const sweep = layouts.flatMap((layout) => windows.slots.map((slots) => ({ ...layout, slots })));
const candidates = new Map([...sweep, ...picks].map((candidate) => [candidateName(candidate), candidate]));
const plan = planLoad({
  users: [USERS],
  responseTokens: RESPONSE_TOKENS,
  ignoreEndOfText: true,
  warmupMs: 4000,
  durationMs: windows.sweepMs,
  thinkMs: 0,
});
const stop = new AbortController();
onInterrupt(() => {
  stop.abort();
  return Promise.resolve();
});
const options = { bin, args: [`--model=${model}`, "--ctx=1024"], plan, signal: stop.signal };
const scores = new Map<string, number[]>([...candidates.keys()].map((name) => [name, []]));
const names = [...candidates.keys()];
await repeat(roundsOr(3), async (round) => {
  for (const name of [...names.slice(round), ...names.slice(0, round)]) {
    const candidate = candidates.get(name);
    if (candidate === undefined) continue;
    const score = await measureCandidate(candidate, round, options);
    if ("failure" in score) console.log(`${name}: ${score.failure.split("\n")[0]}`);
    else scores.get(name)?.push(score.tokensPerSecond);
  }
});
const medians = new Map([...scores].map(([name, values]) => [name, values.length === 0 ? 0 : median(values)]));
for (const [name] of [...medians].toSorted((a, b) => b[1] - a[1]))
  console.log(`${name}: ${spread(scores.get(name) ?? [], 1)} tokens/s`);
const [first = 0, second = 0] = picks.map((candidate) => medians.get(candidateName(candidate)) ?? 0);
const best = Math.max(...medians.values());
console.log(`the two picks differ by ${(Math.abs(first / second - 1) * 100).toFixed(1)}% (wanted: at most 5%)`);
console.log(
  `the best of the sweep is ${((best / Math.min(first, second) - 1) * 100).toFixed(1)}% over the slower pick (wanted: at most 5%)`,
);
