import { Recorder } from "../load/recorder.ts";
import type { StepReport } from "../load/run-step.ts";
import type { BenchReport } from "../run-bench.ts";
import { judgeSlo } from "../plan/judge-slo.ts";
import { parseSlo } from "../load/slo.ts";

/** A report of three steps of which the last failed altogether. */
export function sampleReport(): BenchReport {
  const steps = [sampleStep(1, 5, 0), sampleStep(2, 9, 0), sampleStep(4, 0, 3)];
  return {
    kind: "bench",
    startedAt: "2026-11-22T16:00:00.000Z",
    machine: { cpu: "A CPU", cpus: 2, memoryBytes: 2 ** 34, platform: "linux x64", node: "v20" },
    target: { url: "http://127.0.0.1:1", model: "<b>model</b>" },
    preset: "code",
    settings: {
      warmupMs: 0,
      durationMs: 10_000,
      thinkMs: 0,
      responseTokens: 8,
      seed: 1,
      timeoutMs: 1000,
      responses: undefined,
    },
    steps,
    slo: judgeSlo(parseSlo("p95<10s"), steps),
    knee: 2,
    notes: ["A note."],
    interrupted: false,
  };
}

function sampleStep(users: number, ok: number, failed: number): StepReport {
  const recorder = new Recorder(0, 10_000, "ended");
  const times = [100, 150, 200];
  for (let index = 0; index < ok + failed; index += 1) {
    const result =
      index < ok
        ? ({ kind: "ok", text: "", usage: undefined } as const)
        : ({ kind: "failed", reason: "http-503", detail: "busy" } as const);
    const request = { intendedMs: 0 };
    recorder.begin(request);
    recorder.end(request, { startMs: 0, endMs: 200, tokenTimesMs: times, result });
  }
  const samples = [1, 2, 3].map((second) => ({ atMs: second * 1000, cpuPercent: 90, rssBytes: 2 ** 30 }));
  return {
    load: { users },
    startMs: users * 10_000,
    counts: recorder.counts(10_000),
    processes: [{ name: "worker 1", pid: 7, meanCpuPercent: 90, maxRssBytes: 2 ** 30, samples }],
    own: { cpuPercent: 1, lateP99Ms: 0.1, lateMaxMs: 1, machineCpuPercent: 91, bottleneck: false },
    slo: { valueMs: 200, met: ok > 0 },
  };
}
