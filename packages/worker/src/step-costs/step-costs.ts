/** What a step costs, by the tokens that llama.cpp computes together. */

export interface CostPoint {
  readonly tokens: number;
  readonly ms: number;
}

export interface StepCosts {
  /** As measured, ascending by tokens. */
  readonly points: readonly CostPoint[];
  /** Cost of one group of neighbouring sequences. */
  groupMs(tokens: number): number;
  /** Most tokens of one group that cost at most `ms`; at least 0. */
  tokensWithin(ms: number): number;
}

/**
 * Straight lines between the measured points, and the last one's price per token beyond. Neither monotone nor convex:
 * kernels are faster at some sizes than at smaller ones.
 */
export function createStepCosts(measured: readonly CostPoint[]): StepCosts {
  const points = measured.toSorted((a, b) => a.tokens - b.tokens);
  const largest = points.at(-1);
  if (largest === undefined) throw new RangeError("step costs need at least one measurement");
  const groupMs = (tokens: number): number => {
    if (tokens <= 0) return 0;
    if (tokens >= largest.tokens) return (largest.ms * tokens) / largest.tokens;
    const after = points.findIndex((point) => point.tokens >= tokens);
    const high = points[after] as CostPoint;
    const low = points[after - 1] ?? { tokens: 0, ms: 0 };
    return low.ms + ((high.ms - low.ms) * (tokens - low.tokens)) / (high.tokens - low.tokens);
  };
  return {
    points,
    groupMs,
    tokensWithin(ms) {
      const perToken = largest.ms / largest.tokens;
      if (ms >= largest.ms) return Math.floor(ms / perToken);
      // From above, because a larger group may be cheaper than a smaller one.
      let tokens = largest.tokens;
      while (tokens > 0 && groupMs(tokens) > ms) tokens -= 1;
      return tokens;
    },
  };
}

/** Sequences `first` … `last`, which llama.cpp computes together. */
export interface Group {
  readonly first: number;
  readonly last: number;
}
