import { asSchemas, at, propertiesOf, type SchemaObject } from "./schema.ts";

/** Names that are listed are properties, and there are no others. */
export function withListedNames(schema: SchemaObject, path: string): SchemaObject {
  const { propertyNames, ...rest } = schema;
  const names =
    typeof propertyNames === "object" && propertyNames !== null ? Reflect.get(propertyNames, "enum") : undefined;
  if (!Array.isArray(names) || !names.every((name) => typeof name === "string")) return schema;
  const declared = propertiesOf(rest, path);
  const { additionalProperties = true } = rest;
  const properties = Object.fromEntries(names.map((name) => [name, declared.get(name) ?? additionalProperties]));
  return { ...rest, properties, additionalProperties: false };
}

/** Names by pattern are any names here: `patternProperties` says what their values may be. */
export function withoutPatterns(schema: SchemaObject, path: string): SchemaObject {
  const { patternProperties, ...rest } = schema;
  if (typeof patternProperties !== "object" || patternProperties === null) return schema;
  const values = asSchemas(Object.values(patternProperties), at(path, "patternProperties"));
  const { additionalProperties } = rest;
  const others = additionalProperties === undefined || additionalProperties === false ? [] : [additionalProperties];
  return { ...rest, additionalProperties: { anyOf: [...values, ...others] } };
}
