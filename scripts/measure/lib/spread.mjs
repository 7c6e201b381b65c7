import { median } from "@drover/bench";

export { median };

/** `median (least to most)`, or the only one */
export function spread(values, digits = 0) {
  const known = values.filter((value) => typeof value === "number");
  if (known.length === 0) return "–";
  const middle = median(known).toFixed(digits);
  if (known.length === 1) return middle;
  return `${middle} (${Math.min(...known).toFixed(digits)} to ${Math.max(...known).toFixed(digits)})`;
}
