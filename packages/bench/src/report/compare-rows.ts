import { type Metric, metricsOf } from "../compare/metrics.ts";
import { loadsOf, ratioAt } from "../compare/ratios.ts";
import type { CompareReport } from "../compare/compare-report.ts";
import type { StepReport } from "../load/run-step.ts";
import { intervalText } from "../statistics/bootstrap.ts";
import { median } from "../statistics/median.ts";
import type { Rows } from "./bench-rows.ts";
import { showMs, showNumber, showPercent } from "./figures.ts";
import { amountOf, type Load, loadName } from "../load/load.ts";

/** Drover's figure over each other side's, with its interval: at each load, then over all of them. */
export function ratioRows(report: CompareReport): Rows {
  const metrics = metricsOfReport(report);
  const loads: readonly (Load | undefined)[] = loadsOf(report.rounds);
  const rows = report.sides.slice(1).flatMap(({ name }) =>
    [...loads, ...(loads.length < 2 ? [] : [undefined])].map((load) => [
      name,
      load === undefined ? "all, mean" : loadName(load),
      ...metrics.map((metric) => {
        const found = ratioAt(report.ratios, name, metric.name, load && amountOf(load));
        if (found?.ratio === undefined) return "–";
        return [found.bound ?? "", intervalText(found.ratio, showNumber, "x")].join(" ").trim();
      }),
    ]),
  );
  return { title: "Drover over the other side", head: ["against", "load", ...metrics.map(({ name }) => name)], rows };
}

/** Each side's own figures: the median of its rounds. */
export function sideRows(report: CompareReport): Rows {
  const metrics = metricsOfReport(report);
  const rows = report.sides.flatMap(({ name }) =>
    loadsOf(report.rounds).map((load) => {
      const steps = stepsOf(report, name, load);
      const successes = steps.map(({ counts }) => counts.successRate ?? 0);
      return [
        name,
        loadName(load),
        showPercent(meanOf(successes)),
        responsesOf(steps),
        ...metrics.map((metric) => showFigure(metric, medianOf(metric, steps))),
      ];
    }),
  );
  return { title: "Each side", head: ["side", "load", "ok %", "responses", ...metrics.map(({ name }) => name)], rows };
}

export function metricsOfReport({ rounds }: Pick<CompareReport, "rounds">): readonly Metric[] {
  return metricsOf(rounds.flatMap(({ steps }) => steps));
}

/** @returns null where no step has the figure */
export function medianOf({ of }: Metric, steps: readonly StepReport[]): number | null {
  const values = steps.flatMap((step) => of(step) ?? []);
  return values.length === 0 ? null : median(values);
}

export function stepsOf(report: CompareReport, side: string, load: Load): readonly StepReport[] {
  return report.rounds
    .filter((round) => round.side === side)
    .flatMap(({ steps }) => steps.filter((step) => amountOf(step.load) === amountOf(load)));
}

export function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function showFigure({ moreIsBetter }: Metric, value: number | null): string {
  return moreIsBetter ? showNumber(value) : showMs(value);
}

/** Of all rounds: a quantile over few responses means little. */
function responsesOf(steps: readonly StepReport[]): string {
  const sum = (of: (step: StepReport) => number) => steps.reduce((total, step) => total + of(step), 0);
  return `${sum(({ counts }) => counts.ok)} in ${(sum(({ counts }) => counts.windowMs) / 1000).toFixed(0)} s`;
}
