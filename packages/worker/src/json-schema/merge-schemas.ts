import {
  type Schema,
  type SchemaObject,
  UnsupportedSchema,
  asSchema,
  at,
  propertiesOf,
  requiredOf,
  typesOf,
} from "./schema.ts";

import { joinPatterns } from "./patterns/join-patterns.ts";

const MOST_ALTERNATIVES = 256;

/** The keywords say nothing about which values are valid. */
const ANNOTATIONS = new Set([
  "title",
  "description",
  "default",
  "examples",
  "example",
  "deprecated",
  "readOnly",
  "writeOnly",
  "$id",
  "$schema",
  "$comment",
  "$defs",
  "definitions",
  "nullable",
]);
const LOWER = new Set(["minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties"]);
const UPPER = new Set(["maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties"]);

export function isAnnotation(keyword: string): boolean {
  return ANNOTATIONS.has(keyword);
}

/** No value can be valid under both schemas. */
export class NoCommonValue extends UnsupportedSchema {}

/**
 * A schema under which exactly those values are valid that are valid under both (of texts with two patterns only some). Neither has a `$ref` or `allOf` of its own.
 *
 * @throws NoCommonValue
 * @throws UnsupportedSchema where the two can't be put into one.
 */
export function mergeSchemas(a: Schema, b: Schema, path: string): Schema {
  if (a === true) return b;
  if (b === true) return a;
  if (a === false || b === false) throw new NoCommonValue(path, "nothing is valid under it");
  const merged: Record<string, unknown> = { ...a, ...b };
  for (const key of Object.keys(b)) {
    if (key in a && !isAnnotation(key)) merged[key] = mergeKeyword(key, a[key], b[key], at(path, key));
  }
  return { ...merged, ...mergeTypes(a, b, path), ...mergeProperties(a, b, path) };
}

function mergeKeyword(key: string, a: unknown, b: unknown, path: string): unknown {
  if (JSON.stringify(a) === JSON.stringify(b)) return a;
  if (typeof a === "number" && typeof b === "number") {
    if (LOWER.has(key)) return Math.max(a, b);
    if (UPPER.has(key)) return Math.min(a, b);
  }
  const pattern = key === "pattern" && typeof a === "string" && typeof b === "string" ? joinPatterns(a, b) : undefined;
  if (pattern !== undefined) return pattern;
  if (key === "items") return { allOf: [a, b] };
  if (key === "enum" && Array.isArray(a) && Array.isArray(b)) return common(a, b, path);
  if (key === "const") throw new NoCommonValue(path, "no value is valid under all of it");
  if ((key === "anyOf" || key === "oneOf") && Array.isArray(a) && Array.isArray(b)) {
    if (a.length * b.length > MOST_ALTERNATIVES)
      throw new UnsupportedSchema(path, "too many combinations of alternatives");
    return a.flatMap((one: unknown) => b.map((other: unknown) => ({ allOf: [one, other] })));
  }
  // These three are put together below.
  if (key === "type" || key === "properties" || key === "required" || key === "additionalProperties") return b;
  throw new UnsupportedSchema(path, "two different values of it that must both hold are not supported");
}

function common(a: readonly unknown[], b: readonly unknown[], path: string): readonly unknown[] {
  const others = new Set(b.map((value) => JSON.stringify(value)));
  const both = a.filter((value) => others.has(JSON.stringify(value)));
  if (both.length === 0) throw new NoCommonValue(path, "no value is valid under all of it");
  return both;
}

function mergeTypes(a: SchemaObject, b: SchemaObject, path: string): SchemaObject {
  const first = typesOf(a, path);
  const second = typesOf(b, path);
  if (first === undefined || second === undefined) return {};
  const both = first.flatMap((type) => {
    if (second.includes(type)) return [type];
    if (type === "integer" && second.includes("number")) return [type];
    return type === "number" && second.includes("integer") ? (["integer"] as const) : [];
  });
  if (both.length === 0) throw new NoCommonValue(at(path, "type"), "no type is allowed by all of it");
  return { type: both.length === 1 ? both[0] : both };
}

function mergeProperties(a: SchemaObject, b: SchemaObject, path: string): SchemaObject {
  const required = [...new Set([...requiredOf(a), ...requiredOf(b)])];
  const first = propertiesOf(a, path);
  const second = propertiesOf(b, path);
  const additional = mergeAdditional(a["additionalProperties"], b["additionalProperties"]);
  const result: Record<string, unknown> = {
    ...(required.length > 0 ? { required } : {}),
    ...(additional === undefined ? {} : { additionalProperties: additional }),
  };
  if (first.size === 0 && second.size === 0) return result;
  const properties: [string, Schema][] = [];
  for (const name of new Set([...first.keys(), ...second.keys()])) {
    const schemas = [allowedBy(a, first, name, path), allowedBy(b, second, name, path)];
    if (!schemas.includes(false)) {
      const [one, ...others] = distinct(schemas.filter((schema) => schema !== true));
      properties.push([name, one === undefined ? true : others.length === 0 ? one : { allOf: [one, ...others] }]);
    } else if (required.includes(name))
      throw new NoCommonValue(at(path, "required"), `'${name}' is required and forbidden`);
  }
  return { ...result, properties: Object.fromEntries(properties) };
}

/** Parts that say the same are one: in a lattice of `allOf` their number would double with each level. */
export function distinct(parts: readonly Schema[]): readonly Schema[] {
  return [...new Map(parts.map((part) => [JSON.stringify(part), part])).values()];
}

/** What one of the two schemas says of a property: its own schema, or that of the others. */
function allowedBy(schema: SchemaObject, properties: ReadonlyMap<string, Schema>, name: string, path: string): Schema {
  const own = properties.get(name);
  if (own !== undefined) return own;
  const { additionalProperties = true } = schema;
  return asSchema(additionalProperties, at(path, "additionalProperties"));
}

function mergeAdditional(a: unknown, b: unknown): unknown {
  if (a === undefined) return b;
  if (b === undefined) return a;
  if (a === false || b === false) return false;
  if (a === true) return b;
  return b === true ? a : { allOf: [a, b] };
}
