/** Values that are looked at, copied or written at a stretch, in about a millisecond. */
export const STRETCH_VALUES = 1024;

/** A text counts for one more with each of so many characters, because some are written as JSON. */
const VALUE_CHARS = 256;

/** May be looked at, copied or written at a stretch, as everything in it may. */
export function isShort(value: unknown): boolean {
  return countValues(value) < STRETCH_VALUES;
}

/** Stops at a stretch. */
export function countValues(value: unknown): number {
  const left: unknown[] = [value];
  let count = 0;
  while (left.length > 0 && count + left.length < STRETCH_VALUES) {
    count += 1;
    const one = left.pop();
    if (typeof one === "string") count += Math.floor(one.length / VALUE_CHARS);
    if (typeof one !== "object" || one === null) continue;
    // For a long list `for in` would make names of all its indices first.
    if (Array.isArray(one)) for (const item of one.slice(0, STRETCH_VALUES)) left.push(item);
    else
      for (const name in one) {
        if (count + left.length >= STRETCH_VALUES) break;
        left.push(Reflect.get(one, name));
      }
  }
  return Math.min(STRETCH_VALUES, count + left.length);
}
