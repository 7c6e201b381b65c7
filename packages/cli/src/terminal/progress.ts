import cliProgress from "cli-progress";

/** A bar for each worker that loads its model. */
export interface Progress {
  readonly update: (worker: string, share: number) => void;
  /** Takes the bars away, as they go by themselves when no worker loads any more; later updates are ignored. */
  readonly end: () => void;
  /** Writes text above the bars; plain where there are none. */
  readonly print: (text: string) => void;
}

/** What is printed may be longer than a line: it would leave the ends of the bars that it is written over. */
const ERASE_BELOW = "\u001b[J";

/** Bars on a terminal; elsewhere nothing, because the log says it. */
export function createProgress(stream: NodeJS.WriteStream, write: (text: string) => void): Progress {
  if (!stream.isTTY) return { update: () => {}, end: () => {}, print: write };
  // Without `linewrap`, what is printed above the bars is cut at the terminal's width, the curl line to copy too.
  const bars = new cliProgress.MultiBar(
    {
      stream,
      format: "worker {worker} [{bar}] {percentage}% {what}",
      hideCursor: true,
      clearOnComplete: true,
      linewrap: true,
      // Else it ends by itself at SIGINT, and what is printed during the drain is never shown.
      gracefulExit: false,
    },
    cliProgress.Presets.shades_classic,
  );
  const byWorker = new Map<string, cliProgress.SingleBar>();
  const loading = new Set<string>();
  let hasEnded = false;
  const end = () => {
    if (hasEnded) return;
    hasEnded = true;
    // What was printed since the last redraw waits for the next one, and stop() would drop it: the welcome, for one.
    if (byWorker.size > 0) bars.update();
    bars.stop();
  };
  return {
    update(worker, share) {
      if (hasEnded) return;
      const bar = byWorker.get(worker) ?? bars.create(100, 0, { worker, what: "" });
      byWorker.set(worker, bar);
      bar.update(Math.round(share * 100), { what: share >= 1 ? "ready" : "loading" });
      if (share < 1) loading.add(worker);
      else loading.delete(worker);
      if (loading.size === 0) end();
    },
    end,
    print(text) {
      if (hasEnded || byWorker.size === 0) write(text);
      else bars.log(`${ERASE_BELOW}${text}`);
    },
  };
}
