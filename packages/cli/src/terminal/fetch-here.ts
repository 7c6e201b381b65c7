import type { OnRetry } from "@drover/models";
import type { ServedModel } from "@drover/supervisor/process";
import type { Invocation } from "../line/command.ts";

/** Makes a model ready in the foreground: with a bar on a terminal, and a line on standard error for each attempt that failed. */
export async function fetchHere(invocation: Invocation, name: string): Promise<ServedModel> {
  const { describeRetry, prepareModel } = await import("@drover/supervisor/application");
  const { createDownloadBar } = await import("./download-bar.ts");
  const { environment, stderr } = invocation;
  const bar = createDownloadBar(stderr, "fetching");
  // The line that the bar stands on.
  const start = stderr.isTTY ? "\r\u001b[K" : "";
  const onRetry: OnRetry = (retry) => void stderr.write(`${start}${describeRetry(retry)}\n`);
  try {
    return await prepareModel(name, { environment, onProgress: bar.onProgress, onRetry });
  } finally {
    bar.end();
  }
}
