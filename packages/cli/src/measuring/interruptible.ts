import { type ExitCode, SupervisorError } from "@drover/supervisor/errors";

/** Runs a measurement; what it throws for the user comes out as this package's error with its exit code. */
export async function explained(run: () => Promise<ExitCode>): Promise<ExitCode> {
  const { BenchError } = await import("@drover/bench");
  try {
    return await run();
  } catch (error) {
    if (!(error instanceof BenchError)) throw error;
    const code = error.code === "bad_option" ? "usage" : "measurement_failed";
    throw new SupervisorError(code, error.message, { cause: error });
  }
}

/** The first Ctrl-C ends the measurement and keeps its figures; the second ends the process as usual. */
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
