import type { Metric } from "../compare/metrics.ts";
import { loadsOf } from "../compare/ratios.ts";
import type { CompareReport } from "../compare/compare-report.ts";
import { medianOf, metricsOfReport, ratioRows, sideRows, stepsOf } from "./compare-rows.ts";
import { machineText } from "../machine.ts";
import { htmlPage } from "./charts/html-page.ts";
import { lineChart } from "./charts/line-chart.ts";
import { plainTable } from "./plain-table.ts";
import { amountOf } from "../load/load.ts";

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
    plots: metricsOfReport(report).map((metric) => metricPlot(report, metric)),
    tables: [ratioRows(report), sideRows(report)],
    notes: report.notes,
    data: report,
  });
}

function headline(report: CompareReport): string {
  // Which worker has which CPUs may change with the load.
  const slots = report.layout.map((worker) => worker.slots).join(" + ");
  const cpus = new Set(report.layout.flatMap((worker) => worker.cpus)).size;
  return `${report.preset}, ${machineText(report.machine)}, Drover: ${report.layout.length} workers with ${slots} slots on ${cpus} CPUs, ${report.startedAt}`;
}

function metricPlot(report: CompareReport, metric: Metric): string {
  const { name: title, of, moreIsBetter } = metric;
  const scale = moreIsBetter ? 1 : 1000;
  const series = report.sides.map(({ name }) => ({
    name,
    points: loadsOf(report.rounds).map((load) => {
      const steps = stepsOf(report, name, load);
      const values = steps.flatMap((step) => of(step) ?? []);
      const middle = medianOf(metric, steps);
      return {
        x: amountOf(load),
        y: middle === null ? null : middle / scale,
        spread: values.length < 2 ? undefined : ([Math.min(...values) / scale, Math.max(...values) / scale] as const),
      };
    }),
  }));
  return lineChart({ title, xLabel: "users", yLabel: moreIsBetter ? title : "seconds", series });
}
