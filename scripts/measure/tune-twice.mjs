// Runs `drover tune` twice, then an exhaustive sweep: each layout with 4, 8 and 16 slots, and both picks, measured side by
// side in interleaved rounds. Wanted: the picks within 5% of each other, and no layout over 5% better than a pick.
// usage: node scripts/measure/tune-twice.mjs [--quick] [--model FILE] [--rounds N]
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { candidateName, coarseCandidates, measureCandidate, planLoad } from "@drover/bench";
import { systemClock } from "@drover/foundation/clock";
import { bin, drover, modelPath } from "./lib/drover.mjs";
import { quick, roundsOr } from "./lib/options.mjs";
import { onInterrupt, scratch } from "./lib/session.mjs";
import { median, spread } from "./lib/spread.mjs";

const model = await modelPath();
const load = [
  "--users",
  "8",
  "--max-tokens",
  "48",
  "--ignore-eos",
  "--warmup",
  "4s",
  "--duration",
  quick ? "8s" : "12s",
];
const limit = quick ? "90s" : "5m";
const picks = [];
for (const run of [1, 2]) {
  const out = join(scratch, `drover-${run}.yaml`);
  const words = ["tune", "--model", model, "--ctx", "1024", ...load, "--seed", String(run), "--for", limit];
  const report = JSON.parse(await drover([...words, "--out", out, "--json"], { capture: true }));
  console.log(`run ${run}: ${report.verdicts.join(" ")}\n${readFileSync(out, "utf8")}`);
  picks.push(report.pick.candidate);
}

const sweep = [...coarseCandidates(availableParallelism(), 8), ...picks].flatMap((candidate) =>
  picks.includes(candidate) ? [candidate] : [4, 8, 16].map((slots) => ({ ...candidate, slots })),
);
const candidates = [...new Map(sweep.map((candidate) => [candidateName(candidate), candidate])).values()];
const plan = planLoad({
  users: [8],
  answerTokens: 48,
  ignoreEndOfText: true,
  warmupMs: 4000,
  durationMs: quick ? 8000 : 15_000,
  thinkMs: 0,
});
const scores = new Map(candidates.map((candidate) => [candidateName(candidate), []]));
const stop = new AbortController();
onInterrupt(() => stop.abort());
const options = {
  bin,
  words: [`--model=${model}`, "--ctx=1024"],
  plan,
  clock: systemClock,
  signal: stop.signal,
};
const rounds = roundsOr(3);
for (let round = 0; round < rounds; round += 1) {
  for (const candidate of [...candidates.slice(round), ...candidates.slice(0, round)]) {
    const score = await measureCandidate(candidate, round, options);
    if ("failure" in score) console.log(`${candidateName(candidate)}: ${score.failure.split("\n")[0]}`);
    else scores.get(candidateName(candidate)).push(score.tokensPerSecond);
  }
}
const medians = new Map([...scores].map(([name, values]) => [name, values.length === 0 ? 0 : median(values)]));
for (const [name] of [...medians].toSorted((a, b) => b[1] - a[1]))
  console.log(`${name}: ${spread(scores.get(name), 1)} tokens/s`);
const [first, second] = picks.map((pick) => medians.get(candidateName(pick)));
const best = Math.max(...medians.values());
console.log(`the two picks differ by ${(Math.abs(first / second - 1) * 100).toFixed(1)}% (wanted: at most 5%)`);
console.log(
  `the best of the sweep is ${((best / Math.min(first, second) - 1) * 100).toFixed(1)}% over the slower pick (wanted: at most 5%)`,
);
