import { systemClock } from "@drover/foundation/clock";
import { parseSize } from "@drover/foundation/durations-and-sizes";
import type { OnRetry } from "@drover/models";
import type { ServedModel } from "@drover/supervisor/process";
import type { Invocation } from "../line/command.ts";

/** Makes a model ready in the foreground: with a bar on a terminal, and a line on standard error for each attempt that failed. */
export async function fetchHere(invocation: Invocation, name: string): Promise<ServedModel> {
  const { describeRetry, prepareModel } = await import("@drover/supervisor/application");
  const { createProgress } = await import("./progress.ts");
  const { environment, stderr } = invocation;
  const mostBytes = parseSize(invocation.setting("maxDownload"));
  const progress = createProgress(stderr, (text) => void stderr.write(text), systemClock);
  const { onProgress } = progress.transfer("fetching");
  const onRetry: OnRetry = (retry) => progress.print(`${describeRetry(retry)}\n`);
  try {
    return await prepareModel(name, { environment, mostBytes, onProgress, onRetry });
  } finally {
    progress.end();
  }
}
