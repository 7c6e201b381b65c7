import { systemClock } from "@drover/foundation/clock";
import type { ExitCode } from "@drover/supervisor/errors";
import type { Invocation } from "../line/command.ts";
import { keyOfStarted } from "./key-to-send.ts";
import { loadRequest } from "./load-flags.ts";
import { interruptible } from "./interruptible.ts";
import { splitWords } from "./worker-arguments.ts";
import { columnsOf } from "../terminal/columns.ts";

/** `drover bench compare`. */
export async function compare(invocation: Invocation): Promise<ExitCode> {
  const lib = await import("@drover/bench");
  const html = invocation.text("html");
  if (html !== undefined) lib.requireWritable(html);
  const request = loadRequest(invocation, { duration: lib.parseDuration, numbers: lib.parseNumbers });
  const apiKey = await keyOfStarted(invocation);
  const stop = interruptible();
  const bar = lib.createProgressBar(invocation.stderr, systemClock);
  const words = splitWords(invocation);
  const { findPrepared } = await import("@drover/supervisor/application");
  const { model } = invocation.settings().settings;
  try {
    const report = await lib.runCompare({
      ...request,
      apiKey,
      bin: process.argv[1] ?? "",
      workerWords: words.worker,
      upWords: words.up,
      against: invocation.texts("against"),
      only: invocation.text("only")?.split(","),
      llamaServer: invocation.text("llama-server"),
      llamaServerArgs: invocation.texts("llama-server-args"),
      modelFile: () => findPrepared(model, invocation.environment),
      rounds: invocation.number("rounds"),
      leastAnswers: invocation.number("least-answers"),
      signal: stop.signal,
      onSide: (line) => invocation.stderr.write(`${line}\n`),
      onStep: (step) => bar.step(step),
    });
    bar.stop();
    invocation.stdout.write(
      invocation.isOn("json") ? `${JSON.stringify(report)}\n` : lib.compareTable(report, columnsOf(invocation.stdout)),
    );
    if (html !== undefined) lib.writeReport(html, lib.comparePage(report));
    return report.rounds.some(({ steps }) => steps.some(({ counts }) => counts.ok > 0)) ? 0 : 1;
  } finally {
    bar.stop();
    stop.end();
  }
}
