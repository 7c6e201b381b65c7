import type { SimulatedResponse } from "./simulate.ts";

/** Figures of the responses that ended after `fromMs`. */
export interface Figures {
  readonly responses: number;
  readonly requestsPerSecond: number;
  readonly ttftMs: Quantiles;
  readonly meanResponseMs: number;
  /** Between two tokens of one response. */
  readonly longestPauseMs: number;
}

export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
}

export function figuresOf(responses: readonly SimulatedResponse[], fromMs: number, toMs: number): Figures {
  const ended = responses.filter(({ endMs }) => endMs !== undefined && endMs > fromMs);
  const total = ended.reduce((sum, { sentMs, endMs = 0 }) => sum + endMs - sentMs, 0);
  return {
    responses: ended.length,
    requestsPerSecond: (1000 * ended.length) / (toMs - fromMs),
    ttftMs: quantiles(ended.map(({ sentMs, tokenMs }) => (tokenMs[0] ?? Number.NaN) - sentMs)),
    meanResponseMs: total / ended.length,
    longestPauseMs: ended.flatMap(pausesOf).reduce((longest, ms) => Math.max(longest, ms), 0),
  };
}

function pausesOf({ tokenMs }: SimulatedResponse): readonly number[] {
  return tokenMs.slice(1).map((at, index) => at - (tokenMs[index] ?? at));
}

function quantiles(values: readonly number[]): Quantiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN;
  return { p50: at(0.5), p95: at(0.95) };
}
