import type { DownloadRetry, OnProgress, OnRetry } from "@drover/models";
import type { Logger } from "pino";
import cliProgress from "cli-progress";

/** Shows how far a download or a long write is: a bar on a terminal, elsewhere nothing. `end` takes it away. */
export function createDownloadBar(
  stream: NodeJS.WriteStream,
  what: string,
): { readonly onProgress: OnProgress; readonly end: () => void } {
  if (!stream.isTTY) return { onProgress: () => {}, end: () => {} };
  const format = `${what} [{bar}] {percentage}% of {size}, {eta_formatted} left`;
  const bar = new cliProgress.SingleBar(
    { stream, format, hideCursor: true, clearOnComplete: true },
    cliProgress.Presets.shades_classic,
  );
  let hasBegun = false;
  return {
    onProgress({ doneBytes, totalBytes = doneBytes }) {
      const size = `${Math.round(totalBytes / 2 ** 20)} MiB`;
      if (!hasBegun) bar.start(totalBytes, doneBytes, { size });
      hasBegun = true;
      bar.setTotal(totalBytes);
      bar.update(doneBytes, { size });
    },
    end: () => bar.stop(),
  };
}

/** Puts a download into the log: its begin, each tenth of it, and each attempt that failed. */
export function downloadLog(logger: Pick<Logger, "info" | "warn">): {
  readonly onProgress: OnProgress;
  readonly onRetry: OnRetry;
} {
  let tenths = -1;
  return {
    onProgress({ doneBytes, totalBytes }) {
      const reached = totalBytes === undefined ? 0 : Math.floor((10 * doneBytes) / totalBytes);
      if (reached <= tenths) return;
      tenths = reached;
      logger.info({ doneBytes, totalBytes }, `fetching the model: ${10 * reached}%`);
    },
    onRetry: (retry) => logger.warn(describeRetry(retry)),
  };
}

/** Why nothing comes, and when it is tried again. */
export function describeRetry({ url, reason, waitMs, failures, mostFailures }: DownloadRetry): string {
  const seconds = Math.max(1, Math.round(waitMs / 1000));
  return `${url}: ${reason}. Trying again in ${seconds} s (failure ${failures} of ${mostFailures}).`;
}
