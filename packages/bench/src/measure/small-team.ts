// The well-known small-team test on the 1.5B-shaped synthetic model: the table's shape (flat, knee, saturation), and how
// many users this machine carries.
// usage: node packages/bench/dist/measure/small-team.js [--quick] [--model FILE] [--rounds N] [--out FOLDER]
import type { Counts } from "../load/counts.ts";
import { loadName } from "../load/load.ts";
import type { BenchReport } from "../run-bench.ts";
import { drover, modelPath, pageArgs } from "./support/drover.ts";
import { quick, repeat, roundsOr } from "./support/options.ts";
import { spread } from "./support/spread.ts";

const steps = quick ? "--users 1,4,16 --warmup 2s --duration 6s" : "--warmup 30s --duration 90s";
const load = "--ctx 1024 --preset small-team --max-tokens 64 --ignore-eos --slo p95<20s".split(" ");
const args = ["bench", "--model", await modelPath(), ...load, ...steps.split(" "), "--json"];
const reports = await repeat(roundsOr(2), async (index) => {
  const round = index + 1;
  const pages = pageArgs(`small-team-${round}`);
  const json = await drover([...args, "--seed", String(round), ...pages], { capture: true });
  const report = JSON.parse(json) as BenchReport;
  console.log(
    `round ${round}: carries ${report.slo?.carries ?? "nobody"} users at ${report.slo?.text ?? "the target"}; knee at ${report.knee ?? "none"}`,
  );
  for (const note of report.notes) console.log(`  ${note}`);
  return report;
});
console.log("median (least to most) of the rounds:");
for (const [index, step] of (reports[0]?.steps ?? []).entries()) {
  const counts = reports.flatMap((report) => report.steps[index]?.counts ?? []);
  const of = (read: (one: Counts) => number, digits: number) => spread(counts.map(read), digits);
  const seconds = (read: (one: Counts) => number | null) =>
    spread(
      counts.flatMap((one) => read(one) ?? []).map((ms) => ms / 1000),
      1,
    );
  console.log(
    `${loadName(step.load).padStart(9)}: ${of((one) => one.requestsPerSecond, 2)} requests/s, ` +
      `${of((one) => one.tokensOutPerSecond, 1)} tokens/s, response p50 ${seconds(({ response }) => response.p50Ms)} s, ` +
      `p95 ${seconds(({ response }) => response.p95Ms)} s, TTFT p95 ${seconds(({ ttft }) => ttft.p95Ms)} s, ` +
      `ok ${of((one) => (one.successRate ?? 0) * 100, 1)}%`,
  );
}
