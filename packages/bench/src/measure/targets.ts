// Prints for each thing that Drover is meant to reach beside one llama-server whether comparisons show it.
// usage: pnpm bench:targets FILE…     (each from `drover bench compare --json`)
import { readFileSync } from "node:fs";
import { judgeExpectations, parseExpectation, verdictText } from "../compare/expectations.ts";
import { mergeReports, type NamedReport, parseCompareReport } from "../compare/merge.ts";
import { BenchError } from "../errors.ts";

/** By preset: sentences, and what they mean in figures. */
const targets: Readonly<Record<string, readonly (readonly [sentence: string, ...expectations: string[]])[]>> = {
  ask: [
    ["at least as many requests/s at each load", "requests/s >= 0.97 at 1", "requests/s >= 1 at 2,4,8,12,16,20"],
    ["5% more requests/s over all loads", "requests/s >= 1.05 overall"],
    [
      "no later first token and no longer response at any load",
      ...["TTFT p50", "TTFT p95", "response mean"].map((metric) => `${metric} <= 1 at 1,2,4,8,12,16,20`),
    ],
    ["a much earlier first token from 8 users on", "TTFT p95 <= 0.6 at 8,12,16,20"],
    ["one user's tokens come as fast as with all CPUs in one process", "ITL p50 <= 1.05 at 1"],
  ],
  chat: [
    ["later turns of chats begin much sooner", "TTFT p50, turns 2 to 8 <= 0.7 at 4,8"],
    ["5% more requests/s", "requests/s >= 1.05 at 4,8"],
  ],
  "small-team": [
    ["a fifth more requests/s, because questions repeat", "requests/s >= 1.2 at 8,12,16,20"],
    ["the first token in a third of the time", "TTFT p95 <= 0.3 at 8,12,16,20"],
  ],
  mixed: [
    ["running streams pause half as long beside a long prompt", "longest pause, streams <= 0.5 at 4,8"],
    ["that long prompt waits hardly longer", "TTFT p50, long prompts <= 1.25 at 4,8"],
  ],
};

function run(files: readonly string[]): number {
  if (files.length === 0)
    throw new BenchError("bad_option", "give the files that `drover bench compare --json` printed");
  const reports = files.map((file) => parseCompareReport(file, readFileSync(file, "utf8")));
  let failed = 0;
  for (const preset of Object.keys(targets)) {
    const own = reports.filter(({ report }) => report.preset === preset);
    if (own.length === 0) console.log(`\n${preset}: not measured`);
    else failed += judgePreset(preset, own);
  }
  console.log("\nWhat streams notice of a killed worker is measured by `pnpm bench:all resume`.");
  return failed === 0 ? 0 : 1;
}

/** @returns how many sentences do not hold */
function judgePreset(preset: string, reports: readonly NamedReport[]): number {
  const report = mergeReports(reports);
  console.log(`\n${preset}, ${report.machine.cpu}, ${report.machine.cpus} CPUs:`);
  let failed = 0;
  for (const [sentence, ...expectations] of targets[preset] ?? []) {
    const verdicts = judgeExpectations(report, expectations.map(parseExpectation));
    const isMet = verdicts.length > 0 && verdicts.every((verdict) => verdict.isMet);
    if (!isMet) failed += 1;
    console.log(`${isMet ? "pass" : "FAIL"}: ${sentence}`);
    for (const verdict of verdicts) console.log(`    ${verdictText(verdict)}`);
  }
  return failed;
}

try {
  process.exitCode = run(process.argv.slice(2));
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
