// Shows how exact the load generator is: known delays of a scripted worker, as `drover bench` reports them, and how far
// off they are. usage: node packages/bench/dist/measure/accuracy.js [--quick] [--rounds N] [SECONDS]
import type { Counts } from "../load/counts.ts";
import type { StepReport } from "../load/run-step.ts";
import { loadName } from "../load/load.ts";
import { runBench } from "../run-bench.ts";
import { median } from "../statistics/median.ts";
import { startFakeWorker } from "./support/fake-worker.ts";
import { names, quick, repeat, roundsOr } from "./support/options.ts";
import { spread } from "./support/spread.ts";

const seconds = Number(names.find((word) => /^\d+$/.test(word)) ?? (quick ? 4 : 15));
const known = { ttftMs: 500, itlMs: 100, tokens: 21 };
const responseMs = known.ttftMs + (known.tokens - 1) * known.itlMs;
type Figure = readonly [name: string, expectedMs: number, of: (counts: Counts) => number | null];
const figures: readonly Figure[] = [
  ["response p50", responseMs, (counts) => counts.response.p50Ms],
  ["response p95", responseMs, (counts) => counts.response.p95Ms],
  ["TTFT p50", known.ttftMs, (counts) => counts.ttft.p50Ms],
  ["TTFT p95", known.ttftMs, (counts) => counts.ttft.p95Ms],
  ["ITL p50", known.itlMs, (counts) => counts.itl.p50Ms],
  ["ITL p95", known.itlMs, (counts) => counts.itl.p95Ms],
];

async function measure(): Promise<readonly StepReport[]> {
  const worker = await startFakeWorker(known);
  const report = await runBench({
    url: worker.url,
    preset: "code",
    users: [1, 8, 32],
    warmupMs: 1000,
    durationMs: seconds * 1000,
    thinkMs: 100,
    // Half of the mean is the least limit that is drawn: every response has all of the worker's tokens.
    responseTokens: known.tokens * 2 + 2,
  });
  await worker.stop();
  return report.steps;
}

const rounds = await repeat(roundsOr(3), measure);
let worst = 0;
for (const [index, { load }] of (rounds[0] ?? []).entries()) {
  const steps = rounds.flatMap((round) => round[index] ?? []);
  const off = figures.map(([name, expectedMs, of]) => {
    const percents = steps.map(({ counts }) => ((of(counts) ?? 0) / expectedMs - 1) * 100);
    worst = Math.max(worst, Math.abs(median(percents)));
    return `${name} off by ${spread(percents, 2)}%`;
  });
  const cpu = spread(
    steps.map(({ own }) => own.cpuPercent),
    1,
  );
  console.log(`${loadName(load)}, ${steps.length} rounds: ${off.join(", ")}; own CPU ${cpu}%`);
}
console.log(`the median farthest from the known delays: ${worst.toFixed(2)}% (wanted: at most 2%)`);
