import { z } from "zod";

/**
 * A list whose length is checked before any of its elements is: zod's own `max` comes after all of them, which takes
 * seconds for a list of a million.
 */
export function boundedList<T extends z.ZodType>(
  element: T,
  {
    least = 0,
    most,
    empty = "must not be empty",
  }: { readonly least?: 0 | 1; readonly most: number; readonly empty?: string },
) {
  const list = z.array(element);
  return z.preprocess(
    (value, context) => {
      if (!Array.isArray(value) || value.length <= most) return value;
      context.issues.push({ code: "too_big", origin: "array", maximum: most, inclusive: true, input: value });
      return z.NEVER;
    },
    least === 0 ? list : list.min(1, empty),
  );
}
