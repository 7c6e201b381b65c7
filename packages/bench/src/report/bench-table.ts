import { sizeText } from "@drover/foundation/texts";
import type { StepReport } from "../load/run-step.ts";
import type { BenchReport } from "../run-bench.ts";
import { latencyRows, throughputRows, verdictLines } from "./bench-rows.ts";
import { showMs } from "./figures.ts";
import { plainTable } from "./plain-table.ts";
import { machineText } from "../machine.ts";
import { loadName } from "../load/load.ts";

/** The report for a terminal of so many columns, or a pipe. */
export function benchTable(report: BenchReport, columns?: number): string {
  return [
    `${report.preset} against ${report.target.url} (${report.target.model}), ${report.startedAt}`,
    `${machineText(report.machine)}, Node ${report.machine.node}`,
    plainTable(throughputRows(report), { columns }),
    plainTable(latencyRows(report), { columns }),
    ...report.steps.flatMap(processLines),
    ...report.steps.flatMap(failureLines),
    ...verdictLines(report),
    ...report.notes,
    "",
  ].join("\n");
}

function processLines(step: StepReport): readonly string[] {
  const each = step.processes.map(
    ({ name, pid, meanCpuPercent, maxRssBytes }) =>
      `${name} (pid ${pid}) ${meanCpuPercent.toFixed(0)}% ${sizeText(maxRssBytes)}`,
  );
  const own = `load generator ${step.own.cpuPercent.toFixed(0)}% of a CPU, ${step.own.lateP99Ms.toFixed(1)} ms late at p99`;
  return [`${loadName(step.load)}: ${[...each, own].join(", ")}`];
}

function failureLines(step: StepReport): readonly string[] {
  const { reasons, details, unfinished, oldestUnfinishedMs } = step.counts;
  const failures = Object.entries(reasons).map(
    ([reason, count]) =>
      `${loadName(step.load)}: ${count} x ${reason}: ${Object.entries(details).find(([key]) => key === reason)?.[1] ?? ""}`,
  );
  if (unfinished === 0) return failures;
  return [
    ...failures,
    `${loadName(step.load)}: ${unfinished} unfinished, the oldest for ${showMs(oldestUnfinishedMs)}`,
  ];
}
