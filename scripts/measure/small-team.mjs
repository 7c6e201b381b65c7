// The well-known small-team test on the 1.5B-shaped synthetic model: the table's shape (flat, knee, saturation), and how
// many users this machine carries. usage: node scripts/measure/small-team.mjs [--quick] [--model FILE] [--rounds N] [--out FOLDER]
import { drover, modelPath, pageWords } from "./lib/drover.mjs";
import { quick, roundsOr } from "./lib/options.mjs";
import { spread } from "./lib/spread.mjs";

const steps = quick ? "--users 1,4,16 --warmup 5s --duration 20s" : "--warmup 30s --duration 90s";
const load = "--ctx 1024 --preset small-team --max-tokens 64 --ignore-eos --slo p95<20s".split(" ");
const words = ["bench", "--model", await modelPath(), ...load, ...steps.split(" "), "--json"];
const reports = [];
for (const count = roundsOr(2); reports.length < count; ) {
  const round = reports.length + 1;
  const pages = pageWords(`small-team-${round}`);
  const report = JSON.parse(await drover([...words, "--seed", String(round), ...pages], { capture: true }));
  reports.push(report);
  console.log(
    `round ${round}: carries ${report.slo?.carries ?? "nobody"} users at ${report.slo?.text ?? "the target"}; knee at ${report.knee ?? "none"}`,
  );
  for (const note of report.notes) console.log(`  ${note}`);
}
console.log("median (least to most) of the rounds:");
for (const [index, { load: step }] of reports[0].steps.entries()) {
  const counts = reports.flatMap((report) => report.steps[index]?.counts ?? []);
  const seconds = (of) =>
    spread(
      counts.flatMap((one) => of(one) ?? []).map((ms) => ms / 1000),
      1,
    );
  console.log(
    `${String(step.users).padStart(3)} users: ${spread(
      counts.map((one) => one.requestsPerSecond),
      2,
    )} requests/s, ` +
      `${spread(
        counts.map((one) => one.tokensOutPerSecond),
        1,
      )} tokens/s, response p50 ${seconds(({ response }) => response.p50Ms)} s, ` +
      `p95 ${seconds(({ response }) => response.p95Ms)} s, TTFT p95 ${seconds(({ ttft }) => ttft.p95Ms)} s, ` +
      `ok ${spread(
        counts.map((one) => (one.successRate ?? 0) * 100),
        1,
      )}%`,
  );
}
