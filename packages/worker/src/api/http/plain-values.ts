import { isShort } from "@drover/contract/json/short-values";
import { writeJsonInSlices } from "@drover/contract/json/sliced-json";
import { z } from "zod";
import { type Bounds, listSchema, refuse } from "./bounded-list.ts";

/*
 * zod takes a quarter of a microsecond for each element of a list and each member of an object, and a body may have a quarter of a million. These look
 * at all of them in a loop of a millisecond, or at none.
 */

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

/** Some of the members. */
export function pick<Fields extends object, Name extends keyof Fields>(fields: Fields, ...names: readonly Name[]) {
  return Object.fromEntries(names.map((name) => [name, fields[name]])) as Pick<Fields, Name>;
}

/** Members that have any value, and no effect. */
export function freeFields<Name extends string>(...names: readonly Name[]) {
  const fields = names.map((name) => [name, z.unknown().optional()]);
  return Object.fromEntries(fields) as { readonly [Each in Name]: z.ZodOptional<z.ZodUnknown> };
}

/**
 * How an alternative refuses whatever has its form, by a message about its `type`: for `refine`. Without `abort` zod would take it for the only
 * alternative that can be meant.
 */
export function refusedType(error: string) {
  return { path: ["type"], abort: true, error };
}

/** A value as JSON; a long one in slices, which only a schema that is checked in slices can wait for. */
export function jsonText(value: unknown): string | Promise<string> {
  return isShort(value) ? JSON.stringify(value) : writeJsonInSlices(value);
}

export function isTokenId(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** @param element says what is wrong with the first that is not good */
function quickList<T>(isGood: (value: unknown) => boolean, element: z.ZodType<T>, bounds: Bounds) {
  return listSchema<T>(element, bounds, (list, context) => {
    const at = list.findIndex((item) => !isGood(item));
    const [issue] = (at < 0 ? undefined : element.safeParse(list[at]).error?.issues) ?? [];
    return issue === undefined ? list : refuse(context, [{ ...issue, path: [at, ...issue.path] }], list);
  });
}
