import type { CompareReport } from "../compare/compare-report.ts";
import { csvText, stepColumns } from "./csv.ts";

/** One line for each side in each round at each load. */
export function compareCsv(report: CompareReport): string {
  const lines = report.rounds.flatMap(({ side, round, steps }) =>
    steps.map((step) => [side, round + 1, ...stepColumns.map(([, value]) => value(step))]),
  );
  return csvText(["side", "round", ...stepColumns.map(([name]) => name)], lines);
}
