import cliProgress from "cli-progress";

/** A bar for each worker that loads its model. */
export interface Progress {
  readonly update: (worker: string, share: number) => void;
  /** Takes the bars away; later updates are ignored. */
  readonly end: () => void;
  /** Writes text above the bars; plain where there are none. */
  readonly print: (text: string) => void;
}

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
    },
    cliProgress.Presets.shades_classic,
  );
  const byWorker = new Map<string, cliProgress.SingleBar>();
  let hasEnded = false;
  return {
    update(worker, share) {
      if (hasEnded) return;
      const bar = byWorker.get(worker) ?? bars.create(100, 0, { worker, what: "" });
      byWorker.set(worker, bar);
      bar.update(Math.round(share * 100), { what: share >= 1 ? "ready" : "loading" });
    },
    end() {
      hasEnded = true;
      bars.stop();
    },
    print(text) {
      if (hasEnded || byWorker.size === 0) write(text);
      else bars.log(text);
    },
  };
}
