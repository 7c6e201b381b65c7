/** Integers from `min` to `max`, both included. */
export interface IntegerRange {
  readonly min: number;
  readonly max: number;
}

/** What {@link parseRange} reads, but for its order; without flags, so that a JSON Schema can have it. */
export const RANGE_PATTERN = /^\d+\.\.\d+$/;

/** `2..8`. Undefined for other text, and where it falls. */
export function parseRange(text: string): IntegerRange | undefined {
  if (!RANGE_PATTERN.test(text)) return undefined;
  const [min = 0, max = 0] = text.split("..").map(Number);
  return min <= max && Number.isSafeInteger(max) ? { min, max } : undefined;
}
