import { metrics } from "../compare/ratios.ts";
import type { CompareReport } from "../compare/run-compare.ts";
import { loadsOf, meanOf, ratioRows, sideRows, stepsOf } from "./compare-rows.ts";
import { showBytes } from "./figures.ts";
import { htmlPage } from "./html-page.ts";
import { lineChart } from "./line-chart.ts";
import { plainTable } from "./plain-table.ts";

/** The comparison for a terminal or a pipe. */
export function compareTable(report: CompareReport, columns?: number): string {
  return [
    headline(report),
    ...report.sides.map(({ name, doc }) => `  ${name}: ${doc}`),
    plainTable(sideRows(report), { columns, keys: 2 }),
    plainTable(ratioRows(report), { columns, keys: 2 }),
    ...report.notes,
    ...(report.interrupted ? ["The run was interrupted: rounds are missing."] : []),
    "",
  ].join("\n");
}

/** The comparison as one self-contained page. */
export function comparePage(report: CompareReport): string {
  return htmlPage({
    title: `drover bench compare: ${report.preset}`,
    subtitle: headline(report),
    verdicts: report.sides.map(({ name, doc }) => `${name}: ${doc}`),
    plots: metrics.map(({ name }) => metricPlot(report, name)),
    tables: [ratioRows(report), sideRows(report)],
    notes: report.notes,
    data: report,
  });
}

function headline(report: CompareReport): string {
  const workers = report.layout.map(({ cpus, slots }) => `${slots} slots on CPU ${cpus.join(",")}`).join("; ");
  const { machine } = report;
  return `${report.preset}, ${machine.cpu}, ${machine.cpus} CPUs, ${showBytes(machine.memoryBytes)}, workers: ${workers}, ${report.startedAt}`;
}

function metricPlot(report: CompareReport, metric: string): string {
  const of = metrics.find(({ name }) => name === metric)?.of ?? (() => null);
  const timed = !metric.endsWith("/s");
  const scale = timed ? 1000 : 1;
  const series = report.sides.map(({ name }) => ({
    name,
    points: loadsOf(report).map((load) => {
      const values = stepsOf(report, name, load).flatMap((step) => of(step) ?? []);
      const mean = meanOf(values);
      return {
        x: "users" in load ? load.users : load.perSecond,
        y: mean === null ? null : mean / scale,
        spread: values.length < 2 ? undefined : ([Math.min(...values) / scale, Math.max(...values) / scale] as const),
      };
    }),
  }));
  return lineChart({ title: metric, xLabel: "users", yLabel: timed ? "seconds" : metric, series });
}
