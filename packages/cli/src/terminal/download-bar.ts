import { sizeText } from "@drover/foundation/texts";
import type { OnProgress } from "@drover/models";
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
      const size = sizeText(totalBytes);
      if (!hasBegun) bar.start(totalBytes, doneBytes, { size });
      hasBegun = true;
      bar.setTotal(totalBytes);
      bar.update(doneBytes, { size });
    },
    end: () => bar.stop(),
  };
}
