// Shows how exact the load generator is: known delays of the scripted fake worker, as `drover bench` reports them, and
// how far off they are. usage: node scripts/measure/accuracy.mjs [--quick] [--rounds N] [SECONDS]      (after pnpm build)
import { runBench } from "@drover/bench";
import { startFakeWorker } from "../../test/dist/fake-worker/start-fake-worker.js";
import { names, quick, roundsOr } from "./lib/options.mjs";
import { preferRealTime } from "./lib/real-time.mjs";
import { onInterrupt } from "./lib/session.mjs";
import { median, spread } from "./lib/spread.mjs";

await preferRealTime();

const seconds = Number(names.find((word) => /^\d+$/.test(word)) ?? (quick ? 4 : 15));
const known = { ttftMs: 500, itlMs: 100, tokens: 21 };
const responseMs = known.ttftMs + (known.tokens - 1) * known.itlMs;
const figures = [
  { name: "response p50", of: (counts) => counts.response.p50Ms, expected: responseMs },
  { name: "response p95", of: (counts) => counts.response.p95Ms, expected: responseMs },
  { name: "TTFT p50", of: (counts) => counts.ttft.p50Ms, expected: known.ttftMs },
  { name: "TTFT p95", of: (counts) => counts.ttft.p95Ms, expected: known.ttftMs },
  { name: "ITL p50", of: (counts) => counts.itl.p50Ms, expected: known.itlMs },
  { name: "ITL p95", of: (counts) => counts.itl.p95Ms, expected: known.itlMs },
];

async function measure() {
  const worker = await startFakeWorker(known);
  const forget = onInterrupt(() => worker.stop());
  const report = await runBench({
    url: worker.url,
    preset: "code",
    users: [1, 8, 32],
    warmupMs: 1000,
    durationMs: seconds * 1000,
    thinkMs: 100,
    // Half of the mean is the least limit that is drawn: every answer has all of the worker's tokens.
    answerTokens: known.tokens * 2 + 2,
  });
  await worker.stop();
  forget();
  return report.steps;
}

const rounds = [];
for (const count = roundsOr(3); rounds.length < count; ) rounds.push(await measure());
let worst = 0;
for (const [index, { load }] of rounds[0].entries()) {
  const steps = rounds.map((round) => round[index]);
  const off = figures.map(({ name, of, expected }) => {
    const percents = steps.map(({ counts }) => (of(counts) / expected - 1) * 100);
    worst = Math.max(worst, Math.abs(median(percents)));
    return `${name} off by ${spread(percents, 2)}%`;
  });
  const cpu = spread(
    steps.map(({ own }) => own.cpuPercent),
    1,
  );
  console.log(`${load.users} users, ${steps.length} rounds: ${off.join(", ")}; own CPU ${cpu}%`);
}
console.log(`the median farthest from the known delays: ${worst.toFixed(2)}% (wanted: at most 2%)`);
