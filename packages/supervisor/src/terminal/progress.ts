import cliProgress from "cli-progress";

/** A bar for each worker that loads its model. */
export interface Progress {
  readonly update: (worker: string, share: number) => void;
  /** Takes the bars away, as they go by themselves when no worker loads any more; later updates are ignored. */
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
  const loading = new Set<string>();
  let hasEnded = false;
  const end = () => {
    hasEnded = true;
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
      else bars.log(text);
    },
  };
}
