import { isDeepStrictEqual } from "node:util";
import { IGNORED_HEADER } from "@drover/contract/headers";
import type { FastifyReply } from "fastify";
import { z } from "zod";

/** Names in one header; a client that sends more unknown ones sends no parameters at all. */
const MOST_NAMES = 32;
const MOST_NAME_CHARS = 100;

/** Values of each hint that say nothing. */
const neutralValues = new WeakMap<z.ZodType, readonly unknown[]>();

/**
 * A parameter that asks for something which this server does not do, and without which the response has the same form. It is taken with any value, and
 * named in a header where the value is none of these, which change nothing. `api.unknown: refuse` takes only these.
 */
export function hint(...neutral: readonly unknown[]) {
  const schema = z.unknown().optional();
  neutralValues.set(schema, [undefined, null, ...neutral]);
  return schema;
}

/** A hint for each member, whose value there changes nothing. */
export function hintsOf<Neutral extends object>(neutral: Neutral) {
  const fields = Object.entries(neutral).map(([name, value]) => [name, hint(value)]);
  return Object.fromEntries(fields) as { readonly [Name in keyof Neutral]: ReturnType<typeof hint> };
}

/** Top-level hints of the body that would have changed something. */
export function effectiveHints(
  schema: z.ZodType,
  body: unknown,
): readonly { name: string; neutral: readonly unknown[] }[] {
  if (!(schema instanceof z.ZodObject) || typeof body !== "object" || body === null) return [];
  return Object.entries(body).flatMap(([name, value]) => {
    const field: unknown = Object.hasOwn(schema.shape, name) ? schema.shape[name] : undefined;
    const neutral = field instanceof z.ZodType ? neutralValues.get(field) : undefined;
    return neutral === undefined || neutral.some((one) => isDeepStrictEqual(one, value)) ? [] : [{ name, neutral }];
  });
}

/** Adds the names to those that the response says were ignored. Before the response begins. */
export function sayIgnored(reply: FastifyReply, names: readonly string[]): void {
  if (names.length === 0 || reply.raw.headersSent) return;
  const before = reply.raw.getHeader(IGNORED_HEADER);
  const known = typeof before === "string" ? before.split(", ") : [];
  const all = new Set([...known, ...names.slice(0, MOST_NAMES).map(printableName)]);
  reply.raw.setHeader(IGNORED_HEADER, [...all].slice(0, MOST_NAMES).join(", "));
}

/** A client's own text, so that it may stand in a header or in the log. */
export function printableName(name: string): string {
  const text = name.slice(0, MOST_NAME_CHARS).replaceAll(/[^\w.[\]$-]/gu, "?");
  return name.length > MOST_NAME_CHARS ? `${text}...` : text;
}
