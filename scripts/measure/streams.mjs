// Shows that the load generator is not the bottleneck at 500 concurrent fast streams: the fake worker offers a known
// rate of tokens, and what arrives, this process's CPU and its lateness are printed.
// usage: node scripts/measure/streams.mjs [STREAMS] [SECONDS]      (after pnpm build)
import { runBench } from "@drover/bench";
import { startFakeWorker } from "../../test/dist/fake-worker/start-fake-worker.js";
import { preferRealTime } from "./lib/real-time.mjs";

preferRealTime();

const numbers = process.argv.slice(2).filter((word) => /^\d+$/.test(word));
const streams = Number(numbers[0] ?? 500);
const seconds = Number(numbers[1] ?? 10);
for (const itlMs of [100, 50, 33]) {
  // Two fake workers' CPU would not be left for the generator on a small machine; one is enough for these rates.
  const worker = await startFakeWorker({ ttftMs: itlMs, itlMs, tokens: 1_000_000 });
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
  const [{ counts, own, processes }] = report.steps;
  const offered = (streams * 1000) / itlMs;
  console.log(
    `${streams} streams of a token each ${itlMs} ms: ${counts.tokensOutPerSecond.toFixed(0)} of ${offered.toFixed(0)} tokens/s arrived, ` +
      `ITL p50 ${counts.itl.p50Ms?.toFixed(1)} p95 ${counts.itl.p95Ms?.toFixed(1)} p99 ${counts.itl.p99Ms?.toFixed(1)} ms, ${counts.failed} failed; ` +
      `generator ${own.cpuPercent.toFixed(0)}% of a CPU, late ${own.lateP99Ms.toFixed(1)} ms at p99, bottleneck: ${own.bottleneck}; ` +
      `fake worker ${processes[0]?.meanCpuPercent.toFixed(0)}% of a CPU`,
  );
}
