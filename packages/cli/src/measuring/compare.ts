import { messageOf } from "@drover/foundation/error-text";
import { readFileSync } from "node:fs";
import type { CompareReport } from "@drover/bench";
import { systemClock } from "@drover/foundation/clock";
import { type ExitCode, SupervisorError } from "@drover/supervisor/errors";
import type { Invocation } from "../line/command.ts";
import { keyOfStarted } from "./key-to-send.ts";
import { loadRequest } from "./load-flags.ts";
import { interruptible } from "./interruptible.ts";
import { splitArgs } from "./worker-arguments.ts";
import { columnsOf } from "../terminal/columns.ts";

/** `drover bench compare`. */
export async function compare(invocation: Invocation): Promise<ExitCode> {
  const lib = await import("@drover/bench");
  await checkOutput(invocation);
  const request = loadRequest(invocation, { duration: lib.parseDuration, numbers: lib.parseNumbers });
  const apiKey = await keyOfStarted(invocation);
  const stop = interruptible();
  const bar = lib.createProgressBar(invocation.stderr, systemClock);
  const args = splitArgs(invocation);
  const { findPrepared } = await import("@drover/supervisor/application");
  const { model } = invocation.settings().settings;
  try {
    const report = await lib.runCompare({
      ...request,
      apiKey,
      bin: process.argv[1] ?? "",
      workerArgs: args.worker,
      upArgs: args.up,
      against: invocation.texts("against"),
      only: invocation.text("only")?.split(","),
      llamaServer: invocation.text("llama-server"),
      llamaServerArgs: invocation.texts("llama-server-args"),
      modelFile: () => findPrepared(model, invocation.environment),
      rounds: invocation.number("rounds"),
      leastResponses: invocation.number("least-responses"),
      retries: invocation.number("retries"),
      signal: stop.signal,
      onSide: (line) => invocation.stderr.write(`${line}\n`),
      onStep: (step) => bar.step(step),
    });
    bar.stop();
    return await publish(report, invocation);
  } finally {
    bar.stop();
    stop.end();
  }
}

/** `drover bench merge`. */
export async function merge(invocation: Invocation): Promise<ExitCode> {
  const lib = await import("@drover/bench");
  await checkOutput(invocation);
  const reports = invocation.texts("files").map((file) => lib.parseCompareReport(file, readText(file)));
  return await publish(lib.mergeReports(reports), invocation);
}

/** What is wrong with a file or an expectation must be known before the rounds have taken an hour. */
async function checkOutput(invocation: Invocation): Promise<void> {
  const { parseExpectation, requireWritable } = await import("@drover/bench");
  for (const name of ["csv", "html"]) for (const file of invocation.texts(name)) requireWritable(file);
  for (const text of invocation.texts("expect")) parseExpectation(text);
}

async function publish(report: CompareReport, invocation: Invocation): Promise<ExitCode> {
  const lib = await import("@drover/bench");
  const verdicts = lib.judgeExpectations(report, invocation.texts("expect").map(lib.parseExpectation));
  invocation.stdout.write(
    invocation.isOn("json") ? `${JSON.stringify(report)}\n` : lib.compareTable(report, columnsOf(invocation.stdout)),
  );
  for (const verdict of verdicts) invocation.stderr.write(`${lib.verdictText(verdict)}\n`);
  const csv = invocation.text("csv");
  if (csv !== undefined) lib.writeReport(csv, lib.compareCsv(report));
  const html = invocation.text("html");
  if (html !== undefined) lib.writeReport(html, lib.comparePage(report));
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
