// Runs `drover bench compare`, prints its table, the rounds' medians with their spread, and what was wanted beside it.
import { compareTable } from "@drover/bench";
import { drover, modelPath, pageWords } from "./drover.mjs";
import { roundsOr } from "./options.mjs";
import { spread } from "./spread.mjs";

const figures = [
  { name: "requests/s", digits: 3, of: ({ counts }) => counts.requestsPerSecond },
  { name: "response p95, s", digits: 1, of: ({ counts }) => inSeconds(counts.response.p95Ms) },
  { name: "TTFT p95, s", digits: 2, of: ({ counts }) => inSeconds(counts.ttft.p95Ms) },
];

function inSeconds(ms) {
  return ms === null ? null : ms / 1000;
}

/** @param wanted limits of Drover's figure over the other side's, at each step: `{ metric, atLeast }` or `{ metric, atMost }` */
export async function compare(name, words, wanted) {
  const rounds = ["--rounds", String(roundsOr(3))];
  const command = ["bench", "compare", "--model", await modelPath(), ...words, ...rounds, ...pageWords(name), "--json"];
  const report = JSON.parse(await drover(command, { capture: true }));
  console.log(compareTable(report));
  console.log("median (least to most) of the rounds:");
  for (const { name: side } of report.sides) {
    const own = report.rounds.filter((round) => round.side === side);
    for (const [index, { load }] of (own[0]?.steps ?? []).entries()) {
      const steps = own.flatMap((round) => round.steps[index] ?? []);
      const cells = figures.map(({ name: figure, digits, of }) => `${figure} ${spread(steps.map(of), digits)}`);
      console.log(`${side}, ${load.users} users: ${cells.join(", ")}`);
    }
  }
  for (const { metric, atLeast, atMost } of wanted) {
    for (const { load, ratio, bound } of report.ratios.filter((one) => one.metric === metric)) {
      const limit = atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`;
      const isMet = ratio !== undefined && (atLeast === undefined ? ratio.value <= atMost : ratio.value >= atLeast);
      const shown =
        ratio === undefined ? "unknown" : `${bound ?? ""} ${ratio.value.toFixed(2)}${intervalOf(ratio)}`.trim();
      console.log(`${load.users} users, ${metric}: ${shown}, wanted: ${limit}: ${isMet ? "met" : "MISSED"}`);
    }
  }
}

function intervalOf({ low, high }) {
  return low === null || high === null ? "" : ` (${low.toFixed(2)} to ${high.toFixed(2)})`;
}
