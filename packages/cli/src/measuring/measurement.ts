import type { StepProgress } from "@drover/bench";
import { printable } from "@drover/foundation/printable";
import { type ExitCode, SupervisorError } from "@drover/supervisor/errors";
import type { Invocation } from "../line/command.ts";
import { columnsOf } from "../terminal/columns.ts";
import { interruptible } from "./interruptible.ts";

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

/** What a measurement is under way with. */
interface Surroundings {
  /** Aborted by the first Ctrl-C: the measurement ends and keeps its figures. */
  readonly signal: AbortSignal;
  readonly onStep: (step: StepProgress) => void;
}

/** Runs a measurement with a bar for its steps on a terminal. */
export async function underWay<T>(
  { stderr }: Pick<Invocation, "stderr">,
  run: (surroundings: Surroundings) => Promise<T>,
): Promise<T> {
  const { createProgressBar } = await import("@drover/bench");
  const stop = interruptible();
  const bar = createProgressBar(stderr);
  try {
    return await run({ signal: stop.signal, onStep: (step) => bar.step(step) });
  } finally {
    bar.stop();
    stop.end();
  }
}

/** Prints a report, and writes the files that were asked for. */
export async function publish<Report>(
  report: Report,
  invocation: Invocation,
  forms: {
    readonly table: (report: Report, columns: number | undefined) => string;
    readonly csv?: (report: Report) => string;
    readonly page: (report: Report) => string;
  },
): Promise<void> {
  const { writeReport } = await import("@drover/bench");
  const { stdout } = invocation;
  stdout.write(
    invocation.isOn("json") ? `${JSON.stringify(report)}\n` : printable(forms.table(report, columnsOf(stdout))),
  );
  const [csv, html] = [invocation.text("csv"), invocation.text("html")];
  if (csv !== undefined && forms.csv !== undefined) writeReport(csv, forms.csv(report));
  if (html !== undefined) writeReport(html, forms.page(report));
}
