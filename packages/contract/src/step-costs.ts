/** What a step costs, by the tokens that llama.cpp computes together: workers measure it, and their supervisor plans by it. */

export interface CostPoint {
  readonly tokens: number;
  readonly ms: number;
}

export interface StepCosts {
  /** As measured, ascending by tokens. */
  readonly points: readonly CostPoint[];
  /** Tokens that the kernels take at a time, where any part of so many costs as much as all of them; undefined: not so here. */
  readonly tileTokens: number | undefined;
  /** Cost of one group of neighbouring sequences. */
  groupMs(tokens: number): number;
  /** Most tokens of one group that cost at most `ms`; at least 0. */
  tokensWithin(ms: number): number;
}

/** A token that begins another tile costs so many times what whole tiles do. */
const LEAST_STAIR = 1.2;
/** Tiles are of this size or a multiple. A step of decoding has stairs too, smaller ones, and where there are many slots any size may look like one by chance. */
const TILE_UNIT_TOKENS = 32;

/** The largest numbers of tokens that are whole tiles, ascending: one token more was measured too, and costs much more. */
export function stairsOf(points: readonly CostPoint[]): readonly number[] {
  const known = new Map(points.map(({ tokens, ms }) => [tokens, ms]));
  return points
    .filter(({ tokens, ms }) => tokens % TILE_UNIT_TOKENS === 0 && (known.get(tokens + 1) ?? 0) >= LEAST_STAIR * ms)
    .map(({ tokens }) => tokens);
}

/**
 * Straight lines between the measured points, and the last one's price per token beyond, of whole tiles where there are such. Neither monotone nor convex:
 * kernels are faster at some sizes than at smaller ones.
 */
export function createStepCosts(measured: readonly CostPoint[]): StepCosts {
  const points = measured.toSorted((a, b) => a.tokens - b.tokens);
  const largest = points.at(-1);
  if (largest === undefined) throw new RangeError("step costs need at least one measurement");
  const [stair, nextStair] = stairsOf(points).slice(-2);
  const tileTokens = stair === undefined || nextStair === undefined ? undefined : nextStair - stair;
  const unit = tileTokens ?? 1;
  const perToken = largest.ms / largest.tokens;
  const groupMs = (tokens: number): number => {
    if (tokens <= 0) return 0;
    if (tokens >= largest.tokens) return perToken * Math.ceil(tokens / unit) * unit;
    const after = points.findIndex((point) => point.tokens >= tokens);
    const high = points[after] as CostPoint;
    const low = points[after - 1] ?? { tokens: 0, ms: 0 };
    return low.ms + ((high.ms - low.ms) * (tokens - low.tokens)) / (high.tokens - low.tokens);
  };
  return {
    points,
    tileTokens,
    groupMs,
    tokensWithin(ms) {
      if (ms >= largest.ms) return Math.max(largest.tokens, Math.floor(ms / perToken / unit) * unit);
      // From above, because a larger group may be cheaper than a smaller one.
      let tokens = largest.tokens;
      while (tokens > 0 && groupMs(tokens) > ms) tokens -= 1;
      return tokens;
    },
  };
}

/** Beyond the tables that are known a step's cost is taken to fall with the threads to this power: never quite in proportion. */
const SCALING = 0.9;

/** The table of a number of threads that was not measured: between two that were, by powers of the threads. At least one is known. */
export function estimateCosts(
  tables: ReadonlyMap<number, readonly CostPoint[]>,
  threads: number,
): readonly CostPoint[] {
  const counts = [...tables.keys()].toSorted((a, b) => a - b);
  const below = counts.findLast((count) => count <= threads);
  const above = counts.find((count) => count >= threads);
  const nearest = above ?? below;
  const points = nearest === undefined ? undefined : tables.get(nearest);
  if (nearest === undefined || points === undefined) throw new RangeError("no step costs are known");
  if (below === undefined || above === undefined) {
    return points.map(({ tokens, ms }) => ({ tokens, ms: roundMs(ms * (nearest / threads) ** SCALING) }));
  }
  if (below === above) return points;
  const slower = createStepCosts(tables.get(below) ?? []);
  const part = Math.log(above / threads) / Math.log(above / below);
  return points.map(({ tokens, ms }) => ({ tokens, ms: roundMs(ms * (slower.groupMs(tokens) / ms) ** part) }));
}

/** As tables have it. */
export function roundMs(ms: number): number {
  return Math.round(ms * 100) / 100;
}
