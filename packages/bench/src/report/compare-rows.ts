import { metrics } from "../compare/ratios.ts";
import type { CompareReport } from "../compare/run-compare.ts";
import type { Load, StepReport } from "../load/run-step.ts";
import type { Interval } from "../statistics/bootstrap.ts";
import { loadName, type Rows } from "./bench-rows.ts";
import { showMs, showNumber, showPercent } from "./figures.ts";

/** Drover's figure over each other side's, with its interval. */
export function ratioRows(report: CompareReport): Rows {
  const others = report.sides.slice(1);
  const rows = others.flatMap(({ name }) =>
    loadsOf(report).map((load) => [
      name,
      loadName({ load }),
      ...metrics.map((metric) => {
        const found = report.ratios.find(
          (one) => one.other === name && one.metric === metric.name && sameLoad(one.load, load),
        );
        return [found?.bound ?? "", showInterval(found?.ratio)].join(" ").trim();
      }),
    ]),
  );
  return { title: "Drover over the other side", head: ["against", "load", ...metrics.map(({ name }) => name)], rows };
}

/** Each side's own figures: the mean over its rounds. */
export function sideRows(report: CompareReport): Rows {
  const rows = report.sides.flatMap(({ name }) =>
    loadsOf(report).map((load) => {
      const steps = stepsOf(report, name, load);
      const successes = steps.map(({ counts }) => counts.successRate ?? 0);
      return [
        name,
        loadName({ load }),
        showPercent(meanOf(successes)),
        answersOf(steps),
        ...metrics.map(({ of, moreIsBetter }) => {
          const mean = meanOf(steps.flatMap((step) => of(step) ?? []));
          return moreIsBetter ? showNumber(mean) : showMs(mean);
        }),
      ];
    }),
  );
  return { title: "Each side", head: ["side", "load", "ok %", "answers", ...metrics.map(({ name }) => name)], rows };
}

/** Of all rounds: a quantile over few answers means little. */
function answersOf(steps: readonly StepReport[]): string {
  const sum = (of: (step: StepReport) => number) => steps.reduce((total, step) => total + of(step), 0);
  return `${sum(({ counts }) => counts.ok)} in ${(sum(({ counts }) => counts.windowMs) / 1000).toFixed(0)} s`;
}

export function stepsOf(report: CompareReport, side: string, load: Load): readonly StepReport[] {
  return report.rounds
    .filter((round) => round.side === side)
    .flatMap(({ steps }) => steps.filter((step) => sameLoad(step.load, load)));
}

export function loadsOf(report: CompareReport): readonly Load[] {
  return report.rounds[0]?.steps.map(({ load }) => load) ?? [];
}

export function meanOf(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function showInterval(interval: Interval | undefined): string {
  if (interval === undefined) return "–";
  const { value, low, high } = interval;
  return low === null || high === null
    ? `${showNumber(value)}x`
    : `${showNumber(value)}x (${showNumber(low)} to ${showNumber(high)})`;
}

function sameLoad(a: Load, b: Load): boolean {
  return loadName({ load: a }) === loadName({ load: b });
}
