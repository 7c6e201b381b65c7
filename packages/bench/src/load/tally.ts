import type { Exchange } from "../client/exchange.ts";
import type { KindCounts } from "./counts.ts";
import { Durations } from "../statistics/histogram.ts";

/** The times of the successes that belong to a window, and the pauses of everything that streamed in it. */
export class Tally {
  readonly response = new Durations();
  readonly ttft = new Durations();
  readonly itl = new Durations();
  #longestPauseMs: number | null = null;

  /** @param intendedMs when the request should have been sent */
  succeed(intendedMs: number, { tokenTimesMs: times, endMs }: Exchange): void {
    this.response.add(endMs - intendedMs);
    this.ttft.add((times[0] ?? endMs) - intendedMs);
    for (let index = 1; index < times.length; index += 1) this.itl.add((times[index] ?? 0) - (times[index - 1] ?? 0));
  }

  /** A stream stood still for so long, whether or not it has ended since. */
  pause(ms: number): void {
    this.#longestPauseMs = Math.max(this.#longestPauseMs ?? 0, ms);
  }

  /** @param openMs pauses that have not ended */
  longestPauseMs(openMs: readonly number[]): number | null {
    const longest = Math.max(this.#longestPauseMs ?? 0, ...openMs);
    return this.#longestPauseMs === null && openMs.length === 0 ? null : longest;
  }

  counts(kind: string, openMs: readonly number[]): KindCounts {
    return {
      kind,
      ok: this.response.count,
      response: this.response.summary(),
      ttft: this.ttft.summary(),
      longestPauseMs: this.longestPauseMs(openMs),
    };
  }
}
