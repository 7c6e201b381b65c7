import type { Interval } from "./bootstrap.ts";

/** The mean of the two middle ones where they are even in number; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const high = sorted[Math.floor(middle)] ?? Number.NaN;
  return Number.isInteger(middle) ? ((sorted[middle - 1] ?? high) + high) / 2 : high;
}

/** The median with its 95% interval: the values between which it lies however they are distributed, by their ranks. One wild value moves neither. */
export function medianInterval(values: readonly number[]): Interval {
  const sorted = values.toSorted((a, b) => a - b);
  const count = sorted.length;
  let rank = 0;
  let chance = 0.5 ** count;
  for (let sum = chance; sum <= 0.025; sum += chance) {
    rank += 1;
    chance *= (count - rank + 1) / rank;
  }
  return {
    value: median(sorted),
    low: sorted[rank - 1] ?? null,
    high: rank === 0 ? null : (sorted[count - rank] ?? null),
  };
}
