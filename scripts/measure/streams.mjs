// Shows that the load generator is not the bottleneck at 500 concurrent fast streams: the fake worker offers a known
// rate of tokens, and what arrives, this process's CPU and its lateness are printed.
// usage: node scripts/measure/streams.mjs [--quick] [--rounds N] [STREAMS] [SECONDS]      (after pnpm build)
import { runBench } from "@drover/bench";
import { startFakeWorker } from "../../test/dist/fake-worker/start-fake-worker.js";
import { names, quick, roundsOr } from "./lib/options.mjs";
import { preferRealTime } from "./lib/real-time.mjs";
import { onInterrupt } from "./lib/session.mjs";
import { spread } from "./lib/spread.mjs";

await preferRealTime();

const numbers = names.filter((word) => /^\d+$/.test(word));
const streams = Number(numbers[0] ?? 500);
const seconds = Number(numbers[1] ?? (quick ? 3 : 10));

async function measure(itlMs) {
  // Two fake workers' CPU would not be left for the generator on a small machine; one is enough for these rates.
  const worker = await startFakeWorker({ ttftMs: itlMs, itlMs, tokens: 1_000_000 });
  const forget = onInterrupt(() => worker.stop());
  const report = await runBench({
    url: worker.url,
    preset: "code",
    users: [streams],
    warmupMs: 3000,
    durationMs: seconds * 1000,
    thinkMs: 0,
    answerTokens: Math.round(2000 / itlMs),
    processes: () => Promise.resolve([{ name: "fake worker", pid: worker.pid }]),
  });
  await worker.stop();
  forget();
  return report.steps[0];
}

const count = roundsOr(3);
for (const itlMs of [100, 50, 33]) {
  const steps = [];
  while (steps.length < count) steps.push(await measure(itlMs));
  const of = (read, digits) => spread(steps.map(read), digits);
  const offered = (streams * 1000) / itlMs;
  console.log(
    `${streams} streams of a token each ${itlMs} ms: ${of(({ counts }) => counts.tokensOutPerSecond)} of ${offered.toFixed(0)} tokens/s arrived, ` +
      `ITL p50 ${of(({ counts }) => counts.itl.p50Ms, 1)} p95 ${of(({ counts }) => counts.itl.p95Ms, 1)} p99 ${of(({ counts }) => counts.itl.p99Ms, 1)} ms, ` +
      `${of(({ counts }) => counts.failed)} failed; generator ${of(({ own }) => own.cpuPercent)}% of a CPU, ` +
      `late ${of(({ own }) => own.lateP99Ms, 1)} ms at p99, the bottleneck in ${steps.filter(({ own }) => own.bottleneck).length} of ${count} rounds; ` +
      `fake worker ${of(({ processes }) => processes[0]?.meanCpuPercent)}% of a CPU`,
  );
}
