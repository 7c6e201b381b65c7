// Prints for each thing that Drover is meant to reach beside one llama-server whether comparisons show it.
// usage: pnpm bench:targets FILE…     (each from `drover bench compare --json`; several of one preset are merged)
import { readFileSync } from "node:fs";
import { parseCompareReport } from "../compare/merge.ts";
import { judgeTargets } from "./support/targets.ts";

const files = process.argv.slice(2);
try {
  if (files.length === 0) throw new Error("give the files that `drover bench compare --json` has printed");
  const reports = files.map((file) => parseCompareReport(file, readFileSync(file, "utf8")));
  process.exitCode = judgeTargets(reports) ? 0 : 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 2;
}
