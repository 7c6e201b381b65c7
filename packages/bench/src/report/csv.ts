import type { CompareReport } from "../compare/compare-report.ts";
import type { StepReport } from "../load/run-step.ts";
import type { BenchReport } from "../run-bench.ts";

/** A cell of a table; null where nothing was measured. */
type Cell = string | number | null;

/** The figures of a step. */
const stepColumns: readonly (readonly [name: string, value: (step: StepReport) => Cell])[] = [
  ["users", ({ load }) => ("users" in load ? load.users : null)],
  ["rate_per_s", ({ load }) => ("perSecond" in load ? load.perSecond : null)],
  ["window_s", ({ counts }) => counts.windowMs / 1000],
  ["ok", ({ counts }) => counts.ok],
  ["failed", ({ counts }) => counts.failed],
  ["unfinished", ({ counts }) => counts.unfinished],
  ["success_rate", ({ counts }) => counts.successRate],
  ["requests_per_s", ({ counts }) => counts.requestsPerSecond],
  ["tokens_in_per_s", ({ counts }) => counts.tokensInPerSecond],
  ["tokens_out_per_s", ({ counts }) => counts.tokensOutPerSecond],
  ["response_mean_ms", ({ counts }) => counts.response.meanMs],
  ["response_p50_ms", ({ counts }) => counts.response.p50Ms],
  ["response_p95_ms", ({ counts }) => counts.response.p95Ms],
  ["response_p99_ms", ({ counts }) => counts.response.p99Ms],
  ["ttft_mean_ms", ({ counts }) => counts.ttft.meanMs],
  ["ttft_p50_ms", ({ counts }) => counts.ttft.p50Ms],
  ["ttft_p95_ms", ({ counts }) => counts.ttft.p95Ms],
  ["ttft_p99_ms", ({ counts }) => counts.ttft.p99Ms],
  ["itl_mean_ms", ({ counts }) => counts.itl.meanMs],
  ["itl_p50_ms", ({ counts }) => counts.itl.p50Ms],
  ["itl_p95_ms", ({ counts }) => counts.itl.p95Ms],
  ["itl_p99_ms", ({ counts }) => counts.itl.p99Ms],
  ["longest_pause_ms", ({ counts }) => counts.longestPauseMs],
  ["workers_cpu_percent", ({ processes }) => total(processes.map((process) => process.meanCpuPercent))],
  ["workers_rss_bytes", ({ processes }) => total(processes.map((process) => process.maxRssBytes))],
  ["generator_cpu_percent", ({ own }) => own.cpuPercent],
  [
    "reasons",
    ({ counts }) =>
      Object.entries(counts.reasons)
        .map(([reason, count]) => `${reason}=${count}`)
        .join(" "),
  ],
];

/** One line a step (RFC 4180). What was not measured is empty, never 0. */
export function benchCsv(report: BenchReport): string {
  return csvText(
    stepColumns.map(([name]) => name),
    report.steps.map((step) => stepColumns.map(([, value]) => value(step))),
  );
}

/** One line for each side in each round at each load. */
export function compareCsv(report: CompareReport): string {
  return csvText(
    ["side", "round", ...stepColumns.map(([name]) => name)],
    report.rounds.flatMap(({ side, round, steps }) =>
      steps.map((step) => [side, round + 1, ...stepColumns.map(([, value]) => value(step))]),
    ),
  );
}

function csvText(head: readonly string[], rows: readonly (readonly Cell[])[]): string {
  return [head, ...rows].map((row) => `${row.map(cellText).join(",")}\r\n`).join("");
}

function total(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
}

function cellText(value: Cell): string {
  if (value === null) return "";
  if (typeof value === "number") return String(Math.round(value * 1000) / 1000);
  return /[",\r\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
