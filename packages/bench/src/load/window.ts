import { type Clock, pause } from "@drover/foundation/clock";
import type { Recorder } from "./recorder.ts";
import type { Load } from "./load.ts";

/** When a step's window begins and ends. */
export interface WindowOptions {
  readonly load: Load;
  readonly warmupMs: number;
  readonly durationMs: number;
  /**
   * Closed loop only: the window begins once as many requests have ended as there are users, and grows by its own length
   * until so many have ended in it; each at most tenfold. @default the window is as long as it was planned
   */
  readonly leastResponses?: number | undefined;
  /**
   * Closed loop only, and instead of all that: the window begins when each user's first request has ended, and ends with
   * the so-manieth request after it; each within ten times the planned length.
   */
  readonly responses?: number | undefined;
  /** Requests of this kind are what `responses` counts. @default all */
  readonly responsesOf?: string | undefined;
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

/** A window under way. */
export interface MeasuringWindow {
  /** Resolves when it begins. */
  begun(): Promise<void>;
  /** Resolves when it has ended; to be called after {@link begun}. */
  ended(): Promise<void>;
}

const MOST_WINDOWS = 10;
const DELAY_MS = 1000;
/** A window is moved a little before its edge: what ends at the edge must find it where it will be. */
const AHEAD_MS = 100;

/** Sets the recorder's window, by the clock or by requests that end. To be called before the first request. */
export function openWindow(recorder: Recorder, options: WindowOptions): MeasuringWindow {
  if (options.responses !== undefined && "users" in options.load)
    return windowOfResponses(recorder, options, options.load.users, options.responses);
  return { begun: () => waitForStart(recorder, options), ended: () => waitForEnd(recorder, options) };
}

/**
 * The window lies between two ends of requests, so that exactly `responses` times between two ends are in it: a side gains
 * nothing by when its responses happen to end, and slow sides need no longer window than they must.
 */
function windowOfResponses(
  recorder: Recorder,
  options: WindowOptions,
  users: number,
  responses: number,
): MeasuringWindow {
  const { clock, signal, durationMs, responsesOf } = options;
  const begun = new AbortController();
  const full = new AbortController();
  let counted = 0;
  recorder.fromMs = Number.POSITIVE_INFINITY;
  recorder.toMs = Number.POSITIVE_INFINITY;
  const begin = (fromMs: number) => {
    recorder.fromMs = fromMs;
    begun.abort();
  };
  recorder.onEnd = ({ kind, endMs }) => {
    if (full.signal.aborted) return;
    if (!begun.signal.aborted) {
      if (recorder.firstsEnded === users) begin(endMs);
      return;
    }
    if (responsesOf !== undefined && kind !== responsesOf) return;
    counted += 1;
    if (counted < responses) return;
    recorder.toMs = endMs;
    full.abort();
  };
  const within = (event: AbortSignal) => pause(clock, MOST_WINDOWS * durationMs, AbortSignal.any([signal, event]));
  return {
    async begun() {
      await within(begun.signal);
      // Interrupted, it never began.
      if (!begun.signal.aborted && !signal.aborted) begin(clock.monotonicMs());
    },
    async ended() {
      await within(full.signal);
      if (full.signal.aborted) return;
      full.abort();
      recorder.toMs = clock.monotonicMs();
    },
  };
}

/** Users who all began at once are out of step by the start, and a queue is as long as it gets. */
async function waitForStart(recorder: Recorder, options: WindowOptions): Promise<void> {
  const { load, clock, signal, durationMs } = options;
  if (options.leastResponses !== undefined && "users" in load) {
    const latestMs = recorder.fromMs + MOST_WINDOWS * durationMs;
    await pause(clock, recorder.fromMs - AHEAD_MS - clock.monotonicMs(), signal);
    while (!signal.aborted && recorder.ended < load.users && recorder.fromMs < latestMs) {
      recorder.fromMs += DELAY_MS;
      recorder.toMs += DELAY_MS;
      await pause(clock, recorder.fromMs - AHEAD_MS - clock.monotonicMs(), signal);
    }
  }
  await pause(clock, recorder.fromMs - clock.monotonicMs(), signal);
}

/** It grows in its own lengths: one that began by the clock and ended with its last response would flatter slow targets. */
async function waitForEnd(recorder: Recorder, options: WindowOptions): Promise<void> {
  const { load, clock, signal, durationMs } = options;
  if (options.leastResponses !== undefined && "users" in load) {
    const latestMs = recorder.fromMs + MOST_WINDOWS * durationMs;
    const isEnough = () => {
      const { ok, failed } = recorder.counts(clock.monotonicMs());
      return ok + failed >= (options.leastResponses ?? 0);
    };
    await pause(clock, recorder.toMs - AHEAD_MS - clock.monotonicMs(), signal);
    while (!signal.aborted && !isEnough() && recorder.toMs < latestMs) {
      recorder.toMs += durationMs;
      await pause(clock, recorder.toMs - AHEAD_MS - clock.monotonicMs(), signal);
    }
  }
  await pause(clock, recorder.toMs - clock.monotonicMs(), signal);
}
