import { messageOf } from "@drover/foundation/error-text";
import { readFileSync } from "node:fs";
import type { CompareReport } from "@drover/bench";
import { type ExitCode, SupervisorError } from "@drover/supervisor/errors";
import type { Invocation } from "../line/command.ts";
import { keyOfStarted } from "./key-to-send.ts";
import { loadRequest } from "./load-flags.ts";
import { publish, underWay } from "./measurement.ts";
import { splitArgs } from "./worker-arguments.ts";

/** `drover bench compare`. */
export async function compare(invocation: Invocation): Promise<ExitCode> {
  const lib = await import("@drover/bench");
  await checkOutput(invocation);
  const request = await loadRequest(invocation);
  const apiKey = await keyOfStarted(invocation);
  const args = splitArgs(invocation);
  const { checkSettings, findPrepared } = await import("@drover/supervisor/application");
  const { settings } = invocation.settings();
  await checkSettings(settings, invocation.environment);
  const report = await underWay(invocation, (surroundings) =>
    lib.runCompare({
      ...request,
      ...surroundings,
      apiKey,
      bin: process.argv[1] ?? "",
      workerArgs: args.worker,
      upArgs: args.up,
      against: invocation.texts("against"),
      only: invocation.text("only")?.split(","),
      llamaServer: invocation.text("llama-server"),
      llamaServerArgs: invocation.texts("llama-server-args"),
      modelFile: () => findPrepared(settings.model, invocation.environment),
      rounds: invocation.number("rounds"),
      leastResponses: invocation.number("least-responses"),
      retries: invocation.number("retries"),
      onSide: (line) => invocation.stderr.write(`${line}\n`),
    }),
  );
  return await judge(report, invocation);
}

/** `drover bench merge`. */
export async function merge(invocation: Invocation): Promise<ExitCode> {
  const lib = await import("@drover/bench");
  await checkOutput(invocation);
  const reports = invocation.texts("files").map((file) => lib.parseCompareReport(file, readText(file)));
  return await judge(lib.mergeReports(reports), invocation);
}

/** What is wrong with a file or an expectation must be known before the rounds have taken an hour. */
async function checkOutput(invocation: Invocation): Promise<void> {
  const { parseExpectation, requireWritable } = await import("@drover/bench");
  for (const name of ["csv", "html"]) for (const file of invocation.texts(name)) requireWritable(file);
  for (const text of invocation.texts("expect")) parseExpectation(text);
}

/** Publishes the report, and says whether it is as was expected. */
async function judge(report: CompareReport, invocation: Invocation): Promise<ExitCode> {
  const lib = await import("@drover/bench");
  const verdicts = lib.judgeExpectations(report, invocation.texts("expect").map(lib.parseExpectation));
  await publish(report, invocation, { table: lib.compareTable, csv: lib.compareCsv, page: lib.comparePage });
  for (const verdict of verdicts) invocation.stderr.write(`${lib.verdictText(verdict)}\n`);
  const isServed = report.rounds.some(({ steps }) => steps.some(({ counts }) => counts.ok > 0));
  return isServed && verdicts.every(({ isMet }) => isMet) ? 0 : 1;
}

function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    const reason = messageOf(error);
    throw new SupervisorError("usage", `${file} can't be read: ${reason}`, { cause: error });
  }
}
