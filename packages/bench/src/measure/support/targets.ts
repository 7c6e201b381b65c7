import { judgeExpectations, parseExpectation, verdictText } from "../../compare/expectations.ts";
import { mergeReports, type NamedReport } from "../../compare/merge.ts";

type Target = readonly [sentence: string, ...expectations: string[]];

/** What Drover is meant to reach beside one llama-server, by preset: sentences, and what they mean in figures. */
const targets: Readonly<Record<string, readonly Target[]>> = {
  ask: [
    ["at least as many requests/s at each load", "requests/s >= 0.97 at 1", "requests/s >= 1 at 2,4,8,12,16,20"],
    ["5% more requests/s over all loads", "requests/s >= 1.05 overall"],
    [
      "no later first token and no longer response at any load",
      ...["TTFT p50", "TTFT p95", "response mean"].map((metric) => `${metric} <= 1 at 1,2,4,8,12,16,20`),
    ],
    ["a much earlier first token from 8 users on", "TTFT p95 <= 0.6 at 8,12,16,20"],
    ["one user's tokens come as fast as from one process with all CPUs", "ITL p50 <= 1.05 at 1"],
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

/** Prints whether the comparisons show each of the targets. @returns whether they show all of them */
export function judgeTargets(reports: readonly NamedReport[]): boolean {
  let hasAll = true;
  for (const [preset, own] of Object.entries(targets)) {
    const ofPreset = reports.filter(({ report }) => report.preset === preset);
    if (ofPreset.length === 0) console.log(`\n${preset}: not measured`);
    hasAll = ofPreset.length > 0 && judgePreset(preset, own, ofPreset) && hasAll;
  }
  console.log("\nWhat streams notice of a killed worker is measured by `pnpm bench:all resume`.");
  return hasAll;
}

function judgePreset(preset: string, own: readonly Target[], reports: readonly NamedReport[]): boolean {
  const report = mergeReports(reports);
  console.log(`\n${preset}, ${report.machine.cpu}, ${report.machine.cpus} CPUs:`);
  let hasAll = true;
  for (const [sentence, ...expectations] of own) {
    const verdicts = judgeExpectations(report, expectations.map(parseExpectation));
    const isMet = verdicts.length > 0 && verdicts.every((verdict) => verdict.isMet);
    hasAll &&= isMet;
    console.log(`${isMet ? "pass" : "FAIL"}: ${sentence}`);
    for (const verdict of verdicts) console.log(`    ${verdictText(verdict)}`);
  }
  return hasAll;
}
