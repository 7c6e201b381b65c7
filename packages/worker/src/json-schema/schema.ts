/** A schema that is an object, as opposed to `true` and `false`. */
export type SchemaObject = Readonly<Record<string, unknown>>;
export type Schema = SchemaObject | boolean;

/** A schema that can't be turned into a grammar whose every text is valid. */
export class UnsupportedSchema extends Error {
  /** Where, such as `properties.age.multipleOf`. */
  readonly path: string;

  constructor(path: string, why: string) {
    super(why);
    this.path = path;
  }
}

/** What to do with a keyword that a grammar can't say: it throws, or the keyword is left out. */
export type Relax = (path: string, why: string) => void;

/** Leaves keywords out and notes them in `relaxed`: more texts than the schema's are valid then. Absent: each is refused. */
export function relaxInto(relaxed: Set<string> | undefined, param: string): Relax {
  return (path, why) => {
    if (relaxed === undefined) throw new UnsupportedSchema(path, why);
    relaxed.add(at(param, path));
  };
}

export const TYPES = ["object", "array", "string", "number", "integer", "boolean", "null"] as const;
export type SchemaType = (typeof TYPES)[number];

function isObject(value: unknown): value is SchemaObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** @throws UnsupportedSchema for what is no schema. */
export function asSchema(value: unknown, path: string): Schema {
  if (typeof value === "boolean" || isObject(value)) return value;
  throw new UnsupportedSchema(path, "it is no schema");
}

export function asSchemas(value: unknown, path: string): readonly Schema[] {
  if (Array.isArray(value) && value.length > 0) return value.map((item, index) => asSchema(item, at(path, index)));
  throw new UnsupportedSchema(path, "it must be a list of schemas");
}

export function propertiesOf(schema: SchemaObject, path: string): ReadonlyMap<string, Schema> {
  const { properties } = schema;
  if (properties === undefined) return new Map();
  if (!isObject(properties)) throw new UnsupportedSchema(at(path, "properties"), "it must be an object");
  return new Map(
    Object.entries(properties).map(([name, value]) => [name, asSchema(value, at(path, `properties.${name}`))]),
  );
}

export function requiredOf(schema: SchemaObject): readonly string[] {
  const { required } = schema;
  return Array.isArray(required) ? required.filter((name) => typeof name === "string") : [];
}

/** A count or a bound. @throws UnsupportedSchema where it is no number. */
export function numberOf(schema: SchemaObject, keyword: string, path: string): number | undefined {
  const value = schema[keyword];
  if (value === undefined) return undefined;
  if (typeof value === "number") return value;
  throw new UnsupportedSchema(at(path, keyword), "it must be a number");
}

/** The types that values may have; undefined: any. */
export function typesOf(schema: SchemaObject, path: string): readonly SchemaType[] | undefined {
  const { type } = schema;
  if (type === undefined) return undefined;
  const names: readonly unknown[] = Array.isArray(type) ? type : [type];
  if (names.length === 0) throw new UnsupportedSchema(at(path, "type"), "it names no type");
  return names.map((name) => {
    const known = TYPES.find((other) => other === name);
    if (known === undefined) throw new UnsupportedSchema(at(path, "type"), `there is no type ${JSON.stringify(name)}`);
    return known;
  });
}

/** The only values that are allowed; undefined: not listed. */
export function valuesOf(schema: SchemaObject, path: string): readonly unknown[] | undefined {
  if ("const" in schema) return [schema["const"]];
  if (!("enum" in schema)) return undefined;
  const { enum: values } = schema;
  if (Array.isArray(values) && values.length > 0) return values;
  throw new UnsupportedSchema(at(path, "enum"), "it must be a list of at least one value");
}

export function isOfType(value: unknown, type: SchemaType): boolean {
  if (type === "null") return value === null;
  if (type === "array") return Array.isArray(value);
  if (type === "object") return isObject(value);
  if (type === "integer") return Number.isInteger(value);
  return typeof value === type;
}

export function at(path: string, key: string | number): string {
  return path === "" ? String(key) : `${path}.${key}`;
}

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
