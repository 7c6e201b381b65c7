import { type Clock, pause } from "@drover/foundation/clock";
import type { Load } from "./run-step.ts";
import type { Recorder } from "./recorder.ts";

export interface WindowOptions {
  readonly load: Load;
  readonly durationMs: number;
  /**
   * Closed loop only: the window begins once as many requests have ended as there are users, and grows by its own length
   * until so many have ended in it; each at most tenfold. @default the window is as long as it was planned
   */
  readonly leastAnswers?: number | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

const MOST_WINDOWS = 10;
const DELAY_MS = 1000;
/** A window is moved a little before its edge: what ends at the edge must find it where it will be. */
const AHEAD_MS = 100;

/** Resolves when the window begins. Users who all began at once are out of step by then, and a queue is as long as it gets. */
export async function waitForStart(recorder: Recorder, options: WindowOptions): Promise<void> {
  const { load, clock, signal, durationMs } = options;
  if (options.leastAnswers !== undefined && "users" in load) {
    const latestMs = recorder.fromMs + MOST_WINDOWS * durationMs;
    await pause(clock, recorder.fromMs - AHEAD_MS - clock.monotonicMs(), signal);
    while (!signal.aborted && recorder.ended < load.users && recorder.fromMs < latestMs) {
      recorder.delay(DELAY_MS);
      await pause(clock, recorder.fromMs - AHEAD_MS - clock.monotonicMs(), signal);
    }
  }
  await pause(clock, recorder.fromMs - clock.monotonicMs(), signal);
}

/** Resolves when the window ends. It grows in whole lengths: one that ended with its last answer would flatter slow targets. */
export async function waitForEnd(recorder: Recorder, options: WindowOptions): Promise<void> {
  const { load, clock, signal, durationMs } = options;
  if (options.leastAnswers !== undefined && "users" in load) {
    const latestMs = recorder.fromMs + MOST_WINDOWS * durationMs;
    const isEnough = () => {
      const { ok, failed } = recorder.counts(clock.monotonicMs());
      return ok + failed >= (options.leastAnswers ?? 0);
    };
    await pause(clock, recorder.toMs - AHEAD_MS - clock.monotonicMs(), signal);
    while (!signal.aborted && !isEnough() && recorder.toMs < latestMs) {
      recorder.lengthen(durationMs);
      await pause(clock, recorder.toMs - AHEAD_MS - clock.monotonicMs(), signal);
    }
  }
  await pause(clock, recorder.toMs - clock.monotonicMs(), signal);
}
