import { isShort } from "@drover/contract/json/short-values";
import { z } from "zod";
import { checkElements, STOP_AT_FIRST_FAULT } from "./check-in-slices.ts";

export interface Bounds {
  readonly least?: 0 | 1;
  readonly most: number;
  /** Said of a list that has fewer. */
  readonly empty?: string;
}

/** What is wrong with a list before any of its elements is looked at. */
function boundsIssue(value: unknown, { least = 0, most, empty = "must not be empty" }: Bounds) {
  if (!Array.isArray(value)) return { code: "invalid_type", expected: "array" } as const;
  if (value.length > most) return { code: "too_big", origin: "array", maximum: most, inclusive: true } as const;
  return value.length < least ? ({ code: "custom", message: empty } as const) : undefined;
}

/**
 * A list whose length is checked before any of its elements is: zod's own `max` comes after all of them, which takes seconds for a list of a million. A
 * long one is checked element by element: the schema around it is to be used by `checkInSlices`.
 */
export function boundedList<T extends z.ZodType>(element: T, bounds: Bounds) {
  const list = z.array(element);
  return listSchema<z.output<T>>(element, bounds, (value, context) => {
    if (isShort(value)) {
      const { data, error } = list.safeParse(value, STOP_AT_FIRST_FAULT);
      return error === undefined ? data : refuse(context, error.issues, value);
    }
    return checkElements(element, value).then((found) =>
      "issues" in found ? refuse(context, found.issues, value) : found.checked,
    );
  });
}

type Context = z.core.ParsePayload;

/** A list that `check` looks at. @returns what it returns, at once or later */
export function listSchema<Element>(
  element: z.ZodType,
  bounds: Bounds,
  check: (value: readonly unknown[], context: Context) => unknown,
) {
  const { $schema: _, ...items } = z.toJSONSchema(element, { io: "input", unrepresentable: "any" });
  return z.preprocess(
    (value, context) => {
      const issue = boundsIssue(value, bounds);
      return issue === undefined ? check(value as readonly unknown[], context) : refuse(context, [issue], value);
    },
    z.custom<readonly Element[]>().meta({ type: "array", items, minItems: bounds.least ?? 0 }),
  );
}

/** None of the issues may be taken for one behind which the value is still good. */
export function refuse(context: Context, issues: readonly object[], input: unknown) {
  for (const issue of issues) context.issues.push({ ...issue, input } as z.core.$ZodRawIssue);
  return z.NEVER;
}
