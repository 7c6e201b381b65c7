import { Found } from "../parts/found.ts";
import type { Chart, Report, Table } from "./report.ts";

/** Reads a report's JSON, or the page that has it in itself. Undefined: it is neither. */
export function readReport(text: string): Report | undefined {
  const report = Found.in(figuresOf(text));
  if (report.at("standings").isThere) return tuneReport(report);
  if (report.at("rounds").isThere) return compareReport(report);
  return report.at("steps").isThere ? benchReport(report) : undefined;
}

/** The pages carry their figures in an element for data; `<` is written as an escape in it. */
function figuresOf(text: string): string {
  return /<script type="application\/json" id="figures">(.*?)<\/script>/su.exec(text)?.[1] ?? text;
}

function benchReport(report: Found): Report {
  const steps = report
    .at("steps")
    .list()
    .toSorted((one, other) => loadOf(one) - loadOf(other));
  const slo = report.at("slo");
  const carries = slo.at("carries").text();
  const verdict = `${slo.at("text").text()}: ${carries === "" ? "–" : `${carries} ${slo.at("unit").text()}`}`;
  return {
    title: `drover bench: ${report.at("preset").text()}`,
    subtitle: subtitleOf(report, report.at("target").at("model").text()),
    verdicts: slo.isThere ? [verdict] : [],
    charts: benchCharts(steps),
    tables: [benchTable(steps)],
    notes: textsOf(report.at("notes")),
  };
}

const figures = [
  ["req/s", "requestsPerSecond", 1],
  ["tokens/s", "tokensOutPerSecond", 1],
] as const;

const quantiles = [
  ["response", "p50", "p95"],
  ["ttft", "p50", "p95"],
  ["itl", "p50", "p95"],
] as const;

function benchCharts(steps: readonly Found[]): readonly Chart[] {
  const xs = steps.map(loadOf);
  const xLabel = steps.some((step) => step.at("load").at("perSecond").isThere) ? "requests/s" : "users";
  const rates = figures.map(([unit, field]) => ({
    title: unit,
    unit,
    xLabel,
    xs,
    lines: [{ name: unit, ys: steps.map((step) => step.at("counts").at(field).number()) }],
  }));
  const times = quantiles.map(([of, ...names]) => ({
    title: of === "response" ? "Response" : of.toUpperCase(),
    unit: "ms",
    xLabel,
    xs,
    lines: names.map((name) => ({ name, ys: steps.map((step) => step.at("counts").at(of).at(`${name}Ms`).number()) })),
  }));
  return [...rates, ...times];
}

function benchTable(steps: readonly Found[]): Table {
  return {
    head: ["load", "ok", "failed", "req/s", "tokens/s", "response p95", "TTFT p95", "ITL p95"],
    rows: steps.map((step) => {
      const counts = step.at("counts");
      const times = (["response", "ttft", "itl"] as const).map((of) => msText(counts.at(of).at("p95Ms").number()));
      const rates = figures.map(([, field]) => roundText(counts.at(field).number()));
      return [String(loadOf(step)), counts.at("ok").text(), counts.at("failed").text(), ...rates, ...times];
    }),
  };
}

function compareReport(report: Found): Report {
  const sides = report
    .at("sides")
    .list()
    .map((side) => side.at("name").text());
  const steps = report
    .at("rounds")
    .list()
    .flatMap((round) =>
      round
        .at("steps")
        .list()
        .map((step) => ({ side: round.at("side").text(), step })),
    );
  const xs = [...new Set(steps.map(({ step }) => loadOf(step)))].toSorted((one, other) => one - other);
  const middle = (side: string, load: number, of: (counts: Found) => Found) =>
    median(
      steps
        .filter((one) => one.side === side && loadOf(one.step) === load)
        .flatMap(({ step }) => of(step.at("counts")).number() ?? []),
    );
  const chart = (title: string, unit: string, of: (counts: Found) => Found): Chart => ({
    title,
    unit,
    xLabel: "users",
    xs,
    lines: sides.map((name) => ({ name, ys: xs.map((load) => middle(name, load, of)) })),
  });
  return {
    title: `drover bench compare: ${report.at("preset").text()}`,
    subtitle: subtitleOf(report, ""),
    verdicts: report
      .at("sides")
      .list()
      .map((side) => `${side.at("name").text()}: ${side.at("doc").text()}`),
    charts: [
      chart("req/s", "req/s", (counts) => counts.at("requestsPerSecond")),
      chart("tokens/s", "tokens/s", (counts) => counts.at("tokensOutPerSecond")),
      chart("TTFT p50", "ms", (counts) => counts.at("ttft").at("p50Ms")),
      chart("Response p95", "ms", (counts) => counts.at("response").at("p95Ms")),
    ],
    tables: [ratioTable(report)],
    notes: textsOf(report.at("notes")),
  };
}

/** Drover's figures over each other side's, with their intervals. */
function ratioTable(report: Found): Table {
  const ratios = report.at("ratios").list();
  const metrics = [...new Set(ratios.map((ratio) => ratio.at("metric").text()))];
  const rows = new Map<string, string[]>();
  for (const ratio of ratios) {
    const load = ratio.at("load").isThere ? String(loadOf(ratio)) : "all, mean";
    const head = [ratio.at("other").text(), load];
    const row = rows.get(head.join("\n")) ?? [...head, ...metrics.map(() => "–")];
    row[head.length + metrics.indexOf(ratio.at("metric").text())] = ratioText(ratio);
    rows.set(head.join("\n"), row);
  }
  return { head: ["against", "load", ...metrics], rows: [...rows.values()] };
}

function ratioText(ratio: Found): string {
  const [value, low, high] = ["value", "low", "high"].map((name) => ratio.at("ratio").at(name).number());
  if (typeof value !== "number") return "–";
  const interval =
    typeof low === "number" && typeof high === "number" ? ` (${roundText(low)} – ${roundText(high)})` : "";
  return `${ratio.at("bound").text()} ${roundText(value)}x${interval}`.trim();
}

function tuneReport(report: Found): Report {
  const standings = report
    .at("standings")
    .list()
    .toSorted((one, other) => throughputOf(other) - throughputOf(one));
  const pick = report.at("pick").at("name").text();
  return {
    title: `drover tune: ${report.at("preset").text()}`,
    subtitle: subtitleOf(report, report.at("model").text()),
    verdicts: textsOf(report.at("verdicts")),
    charts: [],
    tables: [
      {
        head: ["best", "configuration", "tokens/s", "95 %", "times", "out because"],
        rows: standings.map((standing) => [standing.at("name").text() === pick ? "✓" : "", ...standingCells(standing)]),
      },
    ],
    notes: textsOf(report.at("notes")),
  };
}

/** What is out stands last. */
function throughputOf(standing: Found): number {
  return standing.at("unfit").isThere ? -1 : (standing.at("throughput").at("value").number() ?? -1);
}

function standingCells(standing: Found): readonly string[] {
  const throughput = standing.at("throughput");
  const [value, low, high] = ["value", "low", "high"].map((name) => roundText(throughput.at(name).number()));
  return [
    standing.at("name").text(),
    value ?? "",
    `${low} – ${high}`,
    String(standing.at("scores").list().length),
    standing.at("unfit").text().split("\n")[0] ?? "",
  ];
}

function subtitleOf(report: Found, model: string): string {
  const machine = report.at("machine");
  const cpus = machine.at("cpus").text();
  return [model, machine.at("cpu").text(), cpus === "" ? "" : `${cpus} CPUs`, report.at("startedAt").text()]
    .filter((part) => part !== "")
    .join(" · ");
}

function loadOf(step: Found): number {
  return step.at("load").at("perSecond").number() ?? step.at("load").at("users").number() ?? 0;
}

function textsOf(list: Found): readonly string[] {
  return list.list().map((entry) => entry.text());
}

function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((one, other) => one - other);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.ceil((sorted.length - 1) / 2)]];
  return low === undefined || high === undefined ? null : (low + high) / 2;
}

function roundText(value: number | null): string {
  return value === null ? "–" : value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);
}

function msText(ms: number | null): string {
  return ms === null ? "–" : ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : `${ms.toFixed(0)} ms`;
}
