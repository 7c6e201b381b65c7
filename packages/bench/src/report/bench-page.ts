import type { StepReport } from "../load/run-step.ts";
import type { BenchReport } from "../run-bench.ts";
import { parseSlo } from "../load/slo.ts";
import { barChart } from "./charts/bar-chart.ts";
import { latencyRows, processRows, throughputRows, verdictLines } from "./bench-rows.ts";
import { machineText } from "../machine.ts";
import { htmlPage } from "./charts/html-page.ts";
import { type LineChart, lineChart, type Series } from "./charts/line-chart.ts";
import { amountOf, loadName } from "../load/load.ts";

/** The report as one self-contained page. */
export function benchPage(report: BenchReport): string {
  return htmlPage({
    title: `drover bench: ${report.preset}`,
    subtitle: `${report.target.model} at ${report.target.url} · ${machineText(report.machine)} · ${report.startedAt}`,
    verdicts: verdictLines(report),
    plots: [...loadPlots(report), ...itlPlots(report.steps), ...timePlots(report.steps)],
    tables: [throughputRows(report), latencyRows(report), processRows(report)],
    notes: report.notes,
    data: report,
  });
}

function seconds(ms: number | null): number | null {
  return ms === null ? null : ms / 1000;
}

type Figure = (step: StepReport) => number | null;

/** Response, throughput, tokens and first token over the load. */
function loadPlots(report: BenchReport): readonly string[] {
  const slo = report.slo === undefined ? undefined : parseSlo(report.slo.text);
  const limitOf = (of: "response" | "ttft") =>
    slo?.of === of ? { y: slo.limitMs / 1000, label: slo.text } : undefined;
  const plot = (title: string, yLabel: string, figures: Readonly<Record<string, Figure>>, of?: "response" | "ttft") =>
    loadPlot(report, { title, yLabel, limit: of === undefined ? undefined : limitOf(of) }, figures);
  const response = {
    mean: ({ counts }) => seconds(counts.response.meanMs),
    p50: ({ counts }) => seconds(counts.response.p50Ms),
    p95: ({ counts }) => seconds(counts.response.p95Ms),
    p99: ({ counts }) => seconds(counts.response.p99Ms),
  } satisfies Record<string, Figure>;
  const ttft = {
    p50: ({ counts }) => seconds(counts.ttft.p50Ms),
    p95: ({ counts }) => seconds(counts.ttft.p95Ms),
  } satisfies Record<string, Figure>;
  return [
    plot("Response time", "seconds", response, "response"),
    plot("Throughput", "requests/s", { "requests/s": ({ counts }) => counts.requestsPerSecond }),
    plot("Tokens", "tokens/s", {
      out: ({ counts }) => counts.tokensOutPerSecond,
      in: ({ counts }) => counts.tokensInPerSecond,
    }),
    plot("Time to first token", "seconds", ttft, "ttft"),
  ];
}

function loadPlot(
  report: BenchReport,
  chart: Pick<LineChart, "title" | "yLabel" | "limit">,
  figures: Readonly<Record<string, Figure>>,
): string {
  const steps = report.steps.toSorted((a, b) => amountOf(a.load) - amountOf(b.load));
  return lineChart({
    ...chart,
    xLabel: steps.some(({ load }) => "perSecond" in load) ? "requests/s offered" : "users",
    series: Object.entries(figures).map(([name, figure]) => ({
      name,
      points: steps.map((step) => ({ x: amountOf(step.load), y: figure(step) })),
    })),
    marks: report.knee === undefined ? [] : [{ x: report.knee, label: "knee" }],
  });
}

function itlPlots(steps: readonly StepReport[]): readonly string[] {
  return steps.map((step) => barChart(`Time between tokens, ${loadName(step.load)}`, step.counts.itlBars));
}

function timePlots(steps: readonly StepReport[]): readonly string[] {
  if (steps.every(({ processes }) => processes.length === 0)) return [];
  const beginMs = steps[0]?.startMs ?? 0;
  const names = [...new Set(steps.flatMap(({ processes }) => processes.map(({ name }) => name)))];
  const series = (value: (sample: { readonly cpuPercent: number; readonly rssBytes: number }) => number): Series[] =>
    names.map((name) => ({
      name,
      points: steps.flatMap((step) =>
        step.processes
          .filter((process) => process.name === name)
          .flatMap(({ samples }) =>
            samples.map((sample) => ({ x: (step.startMs - beginMs + sample.atMs) / 1000, y: value(sample) })),
          ),
      ),
    }));
  const marks = steps.map((step) => ({ x: (step.startMs - beginMs) / 1000, label: loadName(step.load) }));
  const common = { xLabel: "seconds", marks };
  return [
    lineChart({
      ...common,
      title: "CPU of the workers",
      yLabel: "% of one CPU",
      series: series((one) => one.cpuPercent),
    }),
    lineChart({
      ...common,
      title: "Memory of the workers (RSS)",
      yLabel: "MiB",
      series: series((one) => one.rssBytes / 2 ** 20),
    }),
  ];
}
