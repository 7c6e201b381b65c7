import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { judgeExpectations, parseExpectation, verdictText } from "../../compare/expectations.ts";
import { parseCompareReport } from "../../compare/merge.ts";
import type { CompareReport } from "../../compare/compare-report.ts";
import { compareTable } from "../../report/compare-reports.ts";
import { drover, modelPath, pageArgs } from "./drover.ts";
import { out, roundsOr } from "./options.ts";

/**
 * Runs `drover bench compare`, prints its table and how it stands to what was wanted, and keeps its report in `--out`.
 * @param wanted expectations, such as `requests/s >= 1`
 */
export async function compare(
  name: string,
  args: readonly string[],
  wanted: readonly string[],
): Promise<CompareReport> {
  const rounds = ["--rounds", String(roundsOr(3))];
  const command = ["bench", "compare", "--model", await modelPath(), ...args, ...rounds, ...pageArgs(name), "--json"];
  const json = await drover(command, { capture: true });
  const { report } = parseCompareReport(name, json);
  console.log(compareTable(report));
  for (const verdict of judgeExpectations(report, wanted.map(parseExpectation))) console.log(verdictText(verdict));
  if (out !== undefined) writeFileSync(join(out, `${name}.json`), json);
  return report;
}
