import type { DownloadRetry, OnProgress, OnRetry } from "@drover/models";
import type { Logger } from "pino";

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
