import { asSchemas, at, type SchemaObject } from "./schema.ts";

/** Names by pattern are any names here: `patternProperties` says what their values may be. */
export function withoutPatterns(schema: SchemaObject, path: string): SchemaObject {
  const { patternProperties, ...rest } = schema;
  if (typeof patternProperties !== "object" || patternProperties === null) return schema;
  const values = asSchemas(Object.values(patternProperties), at(path, "patternProperties"));
  const { additionalProperties } = rest;
  const others = additionalProperties === undefined || additionalProperties === false ? [] : [additionalProperties];
  return { ...rest, additionalProperties: { anyOf: [...values, ...others] } };
}
