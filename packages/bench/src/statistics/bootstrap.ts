import type { Random } from "../random.ts";

/** A figure with the 95% interval that repeated measurement gives it; bounds are null with fewer than two measurements. */
export interface Interval {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

const RESAMPLES = 2000;

/**
 * Geometric mean of the ratios a/b of rounds measured together, with a percentile bootstrap over the rounds (Efron 1979).
 * Undefined where a pair is not positive: a side that served nothing has no ratio.
 */
export function ratioInterval(
  pairs: readonly (readonly [a: number, b: number])[],
  random: Random,
): Interval | undefined {
  if (pairs.length === 0 || pairs.some(([a, b]) => !(a > 0 && b > 0))) return undefined;
  const { value, low, high } = meanInterval(
    pairs.map(([a, b]) => Math.log(a / b)),
    random,
  );
  return {
    value: Math.exp(value),
    low: low === null ? null : Math.exp(low),
    high: high === null ? null : Math.exp(high),
  };
}

/** Mean with a percentile bootstrap. @param values at least one */
export function meanInterval(values: readonly number[], random: Random): Interval {
  const value = mean(values);
  if (values.length < 2) return { value, low: null, high: null };
  const means = Array.from({ length: RESAMPLES }, () =>
    mean(values.map(() => values[Math.floor(random() * values.length)] ?? 0)),
  ).toSorted((a, b) => a - b);
  return {
    value,
    low: means[Math.floor(RESAMPLES * 0.025)] ?? null,
    high: means[Math.floor(RESAMPLES * 0.975)] ?? null,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
