import { median } from "../../statistics/median.ts";

/** `median (least to most)`, or the only one; null stands for a figure that was not measured. */
export function spread(values: readonly (number | null | undefined)[], digits = 0): string {
  const known = values.filter((value) => typeof value === "number");
  if (known.length === 0) return "–";
  const middle = median(known).toFixed(digits);
  if (known.length === 1) return middle;
  return `${middle} (${Math.min(...known).toFixed(digits)} to ${Math.max(...known).toFixed(digits)})`;
}
