import { turnToParse } from "@drover/contract/json/json-cost";
import { countValues, isShort, STRETCH_VALUES } from "@drover/contract/json/short-values";
import type { z } from "zod";

/**
 * The first fault is all that the client is told. Without this a list of five million wrong elements makes five million issues. zod honours it and
 * leaves it out of its types.
 */
export const STOP_AT_FIRST_FAULT = { abortEarly: true } as z.core.ParseContext<z.core.$ZodIssue>;

/** To check a value takes zod about as long as to parse so much JSON takes. */
const VALUE_BYTES = 256;

/** As zod's `safeParse`; long lists in a long value are checked in slices, with other requests and heartbeats in between ({@link checkElements}). */
export async function checkInSlices<T>(schema: z.ZodType<T>, value: unknown): Promise<z.ZodSafeParseResult<T>> {
  return isShort(value) ? schema.safeParse(value, STOP_AT_FIRST_FAULT) : await checkLater(schema, value);
}

/** @returns the elements as the schema makes them, or the issues of the first that is wrong */
export async function checkElements<T>(
  element: z.ZodType<T>,
  list: readonly unknown[],
): Promise<{ readonly checked: readonly T[] } | { readonly issues: readonly z.core.$ZodIssue[] }> {
  const checked: T[] = [];
  for (const [index, item] of list.entries()) {
    const values = countValues(item);
    const turn = turnToParse(values * VALUE_BYTES);
    if (turn !== undefined) await turn;
    const isLong = values >= STRETCH_VALUES;
    const result = isLong ? await checkLater(element, item) : element.safeParse(item, STOP_AT_FIRST_FAULT);
    if (!result.success)
      return { issues: result.error.issues.map((issue) => ({ ...issue, path: [index, ...issue.path] })) };
    checked.push(result.data);
  }
  return { checked };
}

function checkLater<T>(schema: z.ZodType<T>, value: unknown): Promise<z.ZodSafeParseResult<T>> {
  return schema.safeParseAsync(value, STOP_AT_FIRST_FAULT);
}
