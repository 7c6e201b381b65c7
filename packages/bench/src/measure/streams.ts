// Shows that the load generator is not the bottleneck at 500 concurrent fast streams: a scripted worker offers a known
// rate of tokens, and what arrives, this process's CPU and its lateness are printed.
// usage: node packages/bench/dist/measure/streams.js [--quick] [--rounds N] [STREAMS] [SECONDS]
import type { StepReport } from "../load/run-step.ts";
import { runBench } from "../run-bench.ts";
import { startFakeWorker } from "./support/fake-worker.ts";
import { names, quick, repeat, roundsOr } from "./support/options.ts";
import { spread } from "./support/spread.ts";

const numbers = names.filter((word) => /^\d+$/.test(word));
const streams = Number(numbers[0] ?? 500);
const seconds = Number(numbers[1] ?? (quick ? 3 : 10));

async function measure(itlMs: number): Promise<readonly StepReport[]> {
  // Two workers' CPU would not be left for the generator on a small machine; one is enough for these rates.
  const worker = await startFakeWorker({ ttftMs: itlMs, itlMs, tokens: 1_000_000 });
  const report = await runBench({
    url: worker.url,
    preset: "code",
    users: [streams],
    warmupMs: 3000,
    durationMs: seconds * 1000,
    thinkMs: 0,
    responseTokens: Math.round(2000 / itlMs),
    processes: () => Promise.resolve([{ name: "fake worker", pid: worker.pid }]),
  });
  await worker.stop();
  return report.steps;
}

const count = roundsOr(3);
for (const itlMs of [100, 50, 33]) {
  const steps = (await repeat(count, () => measure(itlMs))).flat();
  const of = (read: (step: StepReport) => number | null | undefined, digits = 0) => spread(steps.map(read), digits);
  const offered = (streams * 1000) / itlMs;
  console.log(
    `${streams} streams of a token each ${itlMs} ms: ${of(({ counts }) => counts.tokensOutPerSecond)} of ${offered.toFixed(0)} tokens/s arrived, ` +
      `ITL p50 ${of(({ counts }) => counts.itl.p50Ms, 1)} p95 ${of(({ counts }) => counts.itl.p95Ms, 1)} p99 ${of(({ counts }) => counts.itl.p99Ms, 1)} ms, ` +
      `${of(({ counts }) => counts.failed)} failed; generator ${of(({ own }) => own.cpuPercent)}% of a CPU, ` +
      `late ${of(({ own }) => own.lateP99Ms, 1)} ms at p99, the bottleneck in ${steps.filter(({ own }) => own.bottleneck).length} of ${count} rounds; ` +
      `fake worker ${of(({ processes }) => processes[0]?.meanCpuPercent)}% of a CPU`,
  );
}
