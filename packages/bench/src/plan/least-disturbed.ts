import type { StepReport } from "../load/run-step.ts";
import { foreignCpuPercent } from "../load/step-notes.ts";
import { type Load, loadName } from "../load/load.ts";

export interface RetryOptions {
  readonly load: Load;
  /** How often a step is measured again at most where other processes took part of the machine. @default 0 */
  readonly retries?: number | undefined;
  /** Ends the measurement; what there is until then is kept. */
  readonly signal: AbortSignal;
  readonly onRetry?: ((line: string) => void) | undefined;
}

/** Of one CPU: with more, a step says little about the server. */
const DISTURBED_PERCENT = 30;

/**
 * Measures a step until other processes leave it alone. What is kept is decided by their CPU time and never by the
 * figures, so that no side gains by it.
 * @returns the first step that was left alone, or else the one that was disturbed least
 */
export async function leastDisturbed(
  { load, retries = 0, signal, onRetry }: RetryOptions,
  measure: (retry: number) => Promise<StepReport>,
): Promise<StepReport> {
  let best = await measure(0);
  for (let retry = 1; retry <= retries && !signal.aborted; retry += 1) {
    const percent = foreignCpuPercent(best);
    if (percent <= DISTURBED_PERCENT) break;
    onRetry?.(
      `${loadName(load)}: other processes took ${percent.toFixed(0)}% of a CPU; measuring again (${retry} of ${retries})`,
    );
    const again = await measure(retry);
    // An interrupted one may have no window.
    if (again.counts.windowMs > 0 && foreignCpuPercent(again) < percent) best = again;
  }
  return best;
}
