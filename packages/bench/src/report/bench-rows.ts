import { sizeText } from "@drover/foundation/texts";
import type { StepReport } from "../load/run-step.ts";
import type { BenchReport } from "../run-bench.ts";
import { showMs, showNumber, showPercent } from "./figures.ts";
import { loadName } from "../load/load.ts";

/** A table for a terminal and for a page. */
export interface Rows {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** What was served. */
export function throughputRows(report: BenchReport): Rows {
  const slo = report.slo === undefined ? [] : [report.slo.text];
  const head = ["load", "ok", "failed", "unfinished", "ok %", "req/s", "tokens/s out", "tokens/s in", "CPU %", "RSS"];
  return {
    title: "Throughput",
    head: [...head, ...slo],
    rows: report.steps.map((step) => [...throughputCells(step), ...(report.slo === undefined ? [] : [sloCell(step)])]),
  };
}

/** How long it took: the response, its first token, and from token to token. */
export function latencyRows(report: BenchReport): Rows {
  const quantiles = ["mean", "p50", "p95", "p99"];
  return {
    title: "Latency",
    head: ["load", ...["", "TTFT ", "ITL "].flatMap((of) => quantiles.map((quantile) => `${of}${quantile}`))],
    rows: report.steps.map((step) => {
      const { response, ttft, itl } = step.counts;
      return [
        loadName(step.load),
        ...[response, ttft, itl].flatMap((one) => [one.meanMs, one.p50Ms, one.p95Ms, one.p99Ms].map(showMs)),
      ];
    }),
  };
}

/** CPU and memory of each watched process, and of the load generator. */
export function processRows(report: BenchReport): Rows {
  const rows = report.steps.flatMap((step) => [
    ...step.processes.map(({ name, pid, meanCpuPercent, maxRssBytes }) => [
      loadName(step.load),
      name,
      String(pid),
      meanCpuPercent.toFixed(0),
      sizeText(maxRssBytes),
    ]),
    [loadName(step.load), "load generator", String(process.pid), step.own.cpuPercent.toFixed(0), "–"],
  ]);
  return { title: "Processes", head: ["load", "process", "pid", "CPU % (mean)", "RSS (most)"], rows };
}

/** What the report comes to, one sentence each. */
export function verdictLines(report: BenchReport): readonly string[] {
  const { slo, knee } = report;
  const unit = report.steps.some(({ load }) => "perSecond" in load) ? "requests/s" : "users";
  const lines: string[] = [];
  if (slo !== undefined && slo.carries === null) lines.push(`No step meets ${slo.text}.`);
  if (slo !== undefined && slo.carries !== null)
    lines.push(
      `This set-up carries ${slo.carries} ${slo.unit} at ${slo.text}${slo.limitFound ? "" : " (and perhaps more: no larger step was measured)"}.`,
    );
  if (knee !== undefined) lines.push(`Beyond ${knee} ${unit} more load buys little throughput (the knee).`);
  if (report.interrupted)
    lines.push("The run was interrupted: the last step is incomplete and later ones are missing.");
  return lines;
}

function throughputCells(step: StepReport): string[] {
  const { counts, processes } = step;
  const cpu = processes.reduce((sum, { meanCpuPercent }) => sum + meanCpuPercent, 0);
  const rss = processes.reduce((sum, { maxRssBytes }) => sum + maxRssBytes, 0);
  return [
    loadName(step.load),
    String(counts.ok),
    String(counts.failed),
    String(counts.unfinished),
    showPercent(counts.successRate),
    showNumber(counts.requestsPerSecond),
    showNumber(counts.tokensOutPerSecond),
    showNumber(counts.tokensInPerSecond),
    processes.length > 0 ? cpu.toFixed(0) : "–",
    processes.length > 0 ? sizeText(rss) : "–",
  ];
}

function sloCell({ slo }: StepReport): string {
  return slo?.met === true
    ? `yes (${showMs(slo.valueMs)})`
    : `no (${showMs(slo?.valueMs ?? Number.POSITIVE_INFINITY)})`;
}
