import { Found } from "../parts/found.ts";

/** A report of `drover bench`, `bench compare` or `tune`, as it is shown. */
export interface Report {
  readonly title: string;
  readonly subtitle: string;
  readonly verdicts: readonly string[];
  readonly charts: readonly Chart[];
  readonly tables: readonly Table[];
  readonly notes: readonly string[];
}

export interface Chart {
  readonly title: string;
  readonly unit: string;
  readonly xLabel: string;
  readonly xs: readonly number[];
  readonly lines: readonly { readonly name: string; readonly ys: readonly (number | null)[] }[];
}

export interface Table {
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/** Reads a report's JSON, or the page that has it in itself. Undefined: it is neither. */
export function readReport(text: string): Report | undefined {
  const report = Found.in(figuresOf(text));
  if (report.has("standings")) return tuneReport(report);
  if (report.has("rounds")) return compareReport(report);
  return report.has("steps") ? benchReport(report) : undefined;
}

/** The pages carry their figures in an element for data; `<` is written as an escape in it. */
function figuresOf(text: string): string {
  return /<script type="application\/json" id="figures">(.*?)<\/script>/su.exec(text)?.[1] ?? text;
}

function benchReport(report: Found): Report {
  const steps = report.list("steps").toSorted((one, other) => loadOf(one) - loadOf(other));
  const carries = report.text("slo", "carries");
  const verdict = `${report.text("slo", "text")}: ${carries === "" ? "–" : `${carries} ${report.text("slo", "unit")}`}`;
  return {
    title: `drover bench: ${report.text("preset")}`,
    subtitle: subtitleOf(report, report.text("target", "model")),
    verdicts: report.has("slo") ? [verdict] : [],
    charts: benchCharts(steps),
    tables: [benchTable(steps)],
    notes: textsOf(report, "notes"),
  };
}

const rates = [
  ["req/s", "requestsPerSecond"],
  ["tokens/s", "tokensOutPerSecond"],
] as const;

const times = [
  ["Response", "response"],
  ["TTFT", "ttft"],
  ["ITL", "itl"],
] as const;

function benchCharts(steps: readonly Found[]): readonly Chart[] {
  const xs = steps.map(loadOf);
  const xLabel = steps.some((step) => step.has("load", "perSecond")) ? "requests/s" : "users";
  const line = (name: string, ...path: readonly string[]) => ({
    name,
    ys: steps.map((step) => step.number("counts", ...path)),
  });
  return [
    ...rates.map(([unit, field]) => ({ title: unit, unit, xLabel, xs, lines: [line(unit, field)] })),
    ...times.map(([title, of]) => ({
      title,
      unit: "ms",
      xLabel,
      xs,
      lines: [line("p50", of, "p50Ms"), line("p95", of, "p95Ms")],
    })),
  ];
}

function benchTable(steps: readonly Found[]): Table {
  return {
    head: ["load", "ok", "failed", "req/s", "tokens/s", "response p95", "TTFT p95", "ITL p95"],
    rows: steps.map((step) => [
      String(loadOf(step)),
      step.text("counts", "ok"),
      step.text("counts", "failed"),
      ...rates.map(([, field]) => roundText(step.number("counts", field))),
      ...times.map(([, of]) => msText(step.number("counts", of, "p95Ms"))),
    ]),
  };
}

function compareReport(report: Found): Report {
  const sides = report.list("sides");
  const steps = report
    .list("rounds")
    .flatMap((round) => round.list("steps").map((step) => ({ side: round.text("side"), load: loadOf(step), step })));
  const xs = [...new Set(steps.map(({ load }) => load))].toSorted((one, other) => one - other);
  const middle = (side: string, load: number, path: readonly string[]) =>
    median(
      steps
        .filter((one) => one.side === side && one.load === load)
        .flatMap(({ step }) => step.number("counts", ...path) ?? []),
    );
  const chart = (title: string, unit: string, ...path: readonly string[]): Chart => ({
    title,
    unit,
    xLabel: "users",
    xs,
    lines: sides.map((side) => ({
      name: side.text("name"),
      ys: xs.map((load) => middle(side.text("name"), load, path)),
    })),
  });
  return {
    title: `drover bench compare: ${report.text("preset")}`,
    subtitle: subtitleOf(report, ""),
    verdicts: sides.map((side) => `${side.text("name")}: ${side.text("doc")}`),
    charts: [
      chart("req/s", "req/s", "requestsPerSecond"),
      chart("tokens/s", "tokens/s", "tokensOutPerSecond"),
      chart("TTFT p50", "ms", "ttft", "p50Ms"),
      chart("Response p95", "ms", "response", "p95Ms"),
    ],
    tables: [ratioTable(report.list("ratios"))],
    notes: textsOf(report, "notes"),
  };
}

/** Drover's figures over each other side's, with their intervals. */
function ratioTable(ratios: readonly Found[]): Table {
  const metrics = [...new Set(ratios.map((ratio) => ratio.text("metric")))];
  const rows = new Map<string, string[]>();
  for (const ratio of ratios) {
    const head = [ratio.text("other"), ratio.has("load") ? String(loadOf(ratio)) : "all, mean"];
    const row = rows.get(head.join("\n")) ?? [...head, ...metrics.map(() => "–")];
    row[head.length + metrics.indexOf(ratio.text("metric"))] = ratioText(ratio);
    rows.set(head.join("\n"), row);
  }
  return { head: ["against", "load", ...metrics], rows: [...rows.values()] };
}

function ratioText(ratio: Found): string {
  const [value, low, high] = ["value", "low", "high"].map((name) => ratio.number("ratio", name));
  if (typeof value !== "number") return "–";
  const interval =
    typeof low === "number" && typeof high === "number" ? ` (${roundText(low)} – ${roundText(high)})` : "";
  return `${ratio.text("bound")} ${roundText(value)}x${interval}`.trim();
}

function tuneReport(report: Found): Report {
  const standings = report.list("standings").toSorted((one, other) => throughputOf(other) - throughputOf(one));
  const pick = report.text("pick", "name");
  return {
    title: `drover tune: ${report.text("preset")}`,
    subtitle: subtitleOf(report, report.text("model")),
    verdicts: textsOf(report, "verdicts"),
    charts: [],
    tables: [
      {
        head: ["best", "configuration", "tokens/s", "95 %", "times", "out because"],
        rows: standings.map((standing) => [standing.text("name") === pick ? "✓" : "", ...standingCells(standing)]),
      },
    ],
    notes: textsOf(report, "notes"),
  };
}

/** What is out stands last. */
function throughputOf(standing: Found): number {
  return standing.has("unfit") ? -1 : (standing.number("throughput", "value") ?? -1);
}

function standingCells(standing: Found): readonly string[] {
  const [value, low, high] = ["value", "low", "high"].map((name) => roundText(standing.number("throughput", name)));
  return [
    standing.text("name"),
    value ?? "",
    `${low} – ${high}`,
    String(standing.list("scores").length),
    standing.text("unfit").split("\n")[0] ?? "",
  ];
}

function subtitleOf(report: Found, model: string): string {
  const cpus = report.text("machine", "cpus");
  return [model, report.text("machine", "cpu"), cpus === "" ? "" : `${cpus} CPUs`, report.text("startedAt")]
    .filter((part) => part !== "")
    .join(" · ");
}

function loadOf(step: Found): number {
  return step.number("load", "perSecond") ?? step.number("load", "users") ?? 0;
}

function textsOf(report: Found, name: string): readonly string[] {
  return report.list(name).map((entry) => entry.text());
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
