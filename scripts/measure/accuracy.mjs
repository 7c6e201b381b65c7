// Shows how exact the load generator is: known delays of the scripted fake worker, as `drover bench` reports them, and
// how far off they are. usage: node scripts/measure/accuracy.mjs [SECONDS]      (after pnpm build)
import { runBench } from "@drover/bench";
import { startFakeWorker } from "../../test/dist/fake-worker/start-fake-worker.js";
import { preferRealTime } from "./lib/real-time.mjs";

preferRealTime();

const seconds = Number(process.argv.slice(2).find((word) => /^\d+$/.test(word)) ?? 15);
const known = { ttftMs: 500, itlMs: 100, tokens: 21 };
const responseMs = known.ttftMs + (known.tokens - 1) * known.itlMs;
const worker = await startFakeWorker(known);
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

const off = (measured, expected) => `${measured.toFixed(1)} ms (${((measured / expected - 1) * 100).toFixed(2)}%)`;
let worst = 0;
for (const { load, counts, own } of report.steps) {
  const pairs = [
    ["response p50", counts.response.p50Ms, responseMs],
    ["response p95", counts.response.p95Ms, responseMs],
    ["TTFT p50", counts.ttft.p50Ms, known.ttftMs],
    ["TTFT p95", counts.ttft.p95Ms, known.ttftMs],
    ["ITL p50", counts.itl.p50Ms, known.itlMs],
    ["ITL p95", counts.itl.p95Ms, known.itlMs],
  ];
  for (const [, measured, expected] of pairs) worst = Math.max(worst, Math.abs(measured / expected - 1));
  const figures = pairs.map(([name, measured, expected]) => `${name} ${off(measured, expected)}`);
  console.log(
    `${load.users} users, ${counts.ok} answers: ${figures.join(", ")}; own CPU ${own.cpuPercent.toFixed(1)}%`,
  );
}
console.log(`farthest from the known delays: ${(worst * 100).toFixed(2)}% (wanted: at most 2%)`);
