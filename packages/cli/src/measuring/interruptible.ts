/** The first Ctrl-C aborts the signal; the second ends the process as usual. */
export function interruptible(): { readonly signal: AbortSignal; end(): void } {
  const controller = new AbortController();
  // Never `once`: execa listens too while a server of ours runs, and ends the process by the signal where it is alone with it.
  const stop = (signal: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      end();
      process.kill(process.pid, signal);
    } else controller.abort();
  };
  const end = (): void => {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  return { signal: controller.signal, end };
}
