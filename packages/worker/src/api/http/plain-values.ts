import { z } from "zod";

/*
 * zod takes a quarter of a microsecond for each element of a list and each member of an object, and a body may have a quarter of a million. These look
 * at all of them in a loop of a millisecond, or at none.
 */

interface Bounds {
  readonly least?: 0 | 1;
  readonly most: number;
}

const tokenId = z.int().min(0);
const textOrToken = z.union([z.string(), tokenId]);

/** Ids of tokens. */
export function tokenList(bounds: Bounds) {
  return quickList<number>(isTokenId, tokenId, bounds);
}

/** Texts and ids of tokens in any order. */
export function mixedList(bounds: Bounds) {
  return quickList<string | number>((value) => typeof value === "string" || isTokenId(value), textOrToken, bounds);
}

/** An object whose members are looked at later, or never. */
export const anyObject = z.preprocess(
  (value, context) => {
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
    context.issues.push({ code: "invalid_type", expected: "record", input: value });
    return z.NEVER;
  },
  z.custom<Readonly<Record<string, unknown>>>().meta({ type: "object" }),
);

function isTokenId(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** @param element says what is wrong with the first that is not good */
function quickList<T>(isGood: (value: unknown) => boolean, element: z.ZodType<T>, { least = 0, most }: Bounds) {
  const { $schema: _, ...items } = z.toJSONSchema(element);
  return z.preprocess(
    (value, context) => {
      const issue = issueOf(value);
      if (issue === undefined) return value;
      context.issues.push({ ...issue, input: value } as z.core.$ZodRawIssue);
      return z.NEVER;
    },
    z.custom<readonly T[]>().meta({ type: "array", items, minItems: least }),
  );

  function issueOf(value: unknown) {
    if (!Array.isArray(value)) return { code: "invalid_type", expected: "array" } as const;
    if (value.length > most) return { code: "too_big", origin: "array", maximum: most, inclusive: true } as const;
    if (value.length < least) return { code: "custom", message: "must not be empty" } as const;
    const at = value.findIndex((item) => !isGood(item));
    const [issue] = (at < 0 ? undefined : element.safeParse(value[at]).error?.issues) ?? [];
    return issue === undefined ? undefined : { ...issue, path: [at, ...issue.path] };
  }
}
