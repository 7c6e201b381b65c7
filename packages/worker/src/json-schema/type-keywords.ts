import type { SchemaObject, SchemaType } from "./schema.ts";

/** Keywords that bound values of one type only. */
export const BY_TYPE: Readonly<Record<Exclude<SchemaType, "boolean" | "null">, readonly string[]>> = {
  object: ["properties", "required", "additionalProperties", "minProperties", "maxProperties", "propertyNames"],
  array: ["items", "prefixItems", "additionalItems", "minItems", "maxItems"],
  string: ["minLength", "maxLength", "pattern", "format"],
  number: ["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"],
  integer: [],
};

/** A schema that names no type is read as that of the first type whose keywords it uses. */
export function impliedTypes(schema: SchemaObject): readonly SchemaType[] | undefined {
  for (const type of ["object", "array", "string", "number"] as const) {
    if (BY_TYPE[type].some((keyword) => keyword in schema)) return [type];
  }
  return "multipleOf" in schema ? ["number"] : undefined;
}
