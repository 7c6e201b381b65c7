// Runs `drover tune` twice, then an exhaustive sweep: each layout with 4, 8 and 16 slots, and both picks, measured side by
// side in interleaved rounds. Wanted: the picks within 5% of each other, and no layout over 5% better than a pick.
// usage: node scripts/measure/tune-twice.mjs [--quick]
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { candidateName, coarseCandidates, measureCandidate, planLoad, systemClock } from "@drover/bench";
import { bigModel, bin, drover, quick } from "./lib/drover.mjs";

const model = bigModel();
const folder = mkdtempSync(join(tmpdir(), "drover-tune-"));
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
const limit = quick ? "90s" : "8m";
const picks = [1, 2].map((run) => {
  const out = join(folder, `drover-${run}.yaml`);
  const words = ["tune", "--model", model, "--ctx", "1024", ...load, "--seed", String(run), "--for", limit];
  const report = JSON.parse(drover([...words, "--out", out, "--json"], { capture: true }));
  console.log(`run ${run}: ${report.verdicts.join(" ")}\n${readFileSync(out, "utf8")}`);
  return report.pick.candidate;
});
rmSync(folder, { recursive: true });

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
const options = {
  bin,
  words: [`--model=${model}`, "--ctx=1024"],
  plan,
  clock: systemClock,
  signal: new AbortController().signal,
};
for (let round = 0; round < (quick ? 1 : 3); round += 1) {
  for (const candidate of [...candidates.slice(round), ...candidates.slice(0, round)]) {
    const score = await measureCandidate(candidate, round, options);
    if ("failure" in score) console.log(`${candidateName(candidate)}: ${score.failure.split("\n")[0]}`);
    else scores.get(candidateName(candidate)).push(score.tokensPerSecond);
  }
}
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const medians = new Map([...scores].map(([name, values]) => [name, median(values)]));
for (const [name, value] of [...medians].toSorted((a, b) => b[1] - a[1])) {
  const values = scores.get(name);
  console.log(
    `${name}: ${value.toFixed(1)} tokens/s (${Math.min(...values).toFixed(1)} to ${Math.max(...values).toFixed(1)})`,
  );
}
const [first, second] = picks.map((pick) => medians.get(candidateName(pick)));
const best = Math.max(...medians.values());
console.log(`the two picks differ by ${(Math.abs(first / second - 1) * 100).toFixed(1)}% (wanted: at most 5%)`);
console.log(
  `the best of the sweep is ${((best / Math.min(first, second) - 1) * 100).toFixed(1)}% over the slower pick (wanted: at most 5%)`,
);
