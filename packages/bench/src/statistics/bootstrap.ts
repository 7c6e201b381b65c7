import type { Random } from "../random.ts";

/** A figure with the 95% interval that repeated measurement gives it; bounds are null with fewer than two measurements. */
export interface Interval {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

/** `2.1 (1.9 to 2.4)`, or what `show` makes of the value alone where there are no bounds. @param unit behind the value */
export function intervalText({ value, low, high }: Interval, show: (figure: number) => string, unit = ""): string {
  const bounds = low === null || high === null ? "" : ` (${show(low)} to ${show(high)})`;
  return `${show(value)}${unit}${bounds}`;
}

const RESAMPLES = 2000;

/**
 * Geometric mean of the ratios a/b of rounds measured together, with a percentile bootstrap over the rounds (Efron 1979).
 * With several groups: the geometric mean of theirs, and rounds are drawn anew within each group.
 * Undefined where a group is empty or a pair is not positive: a side that served nothing has no ratio.
 */
export function ratioInterval(
  groups: readonly (readonly (readonly [a: number, b: number])[])[],
  random: Random,
): Interval | undefined {
  if (groups.length === 0 || groups.some((pairs) => pairs.length === 0)) return undefined;
  if (groups.flat().some(([a, b]) => !(a > 0 && b > 0))) return undefined;
  const { value, low, high } = meanInterval(
    groups.map((pairs) => pairs.map(([a, b]) => Math.log(a / b))),
    random,
  );
  return {
    value: Math.exp(value),
    low: low === null ? null : Math.exp(low),
    high: high === null ? null : Math.exp(high),
  };
}

/** Mean of the groups' means with a percentile bootstrap. @param groups at least one, none of them empty */
export function meanInterval(groups: readonly (readonly number[])[], random: Random): Interval {
  const value = mean(groups.map(mean));
  if (groups.some((values) => values.length < 2)) return { value, low: null, high: null };
  const drawn = (values: readonly number[]) =>
    mean(values.map(() => values[Math.floor(random() * values.length)] ?? 0));
  const means = Array.from({ length: RESAMPLES }, () => mean(groups.map(drawn))).toSorted((a, b) => a - b);
  return {
    value,
    low: means[Math.floor(RESAMPLES * 0.025)] ?? null,
    high: means[Math.floor(RESAMPLES * 0.975)] ?? null,
  };
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
}
