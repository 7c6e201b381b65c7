import {
  asSchemas,
  at,
  impliedTypes,
  isOfType,
  propertiesOf,
  type Schema,
  type SchemaObject,
  type SchemaType,
  TYPES,
  typesOf,
  UnsupportedSchema,
  valuesOf,
} from "./schema.ts";
import { SchemaRefs } from "./schema-refs.ts";

/** Alternatives, and those inside of them, that are looked at: some refer to each other without end. */
const MOST_ALTERNATIVES = 256;

/** The types that values may have which are valid under the schema; undefined: any. @throws UnsupportedSchema */
export function valueTypes(
  refs: SchemaRefs,
  schema: Schema,
  path: string,
  left = { alternatives: MOST_ALTERNATIVES },
): readonly SchemaType[] | undefined {
  const flat = refs.flat(schema, path);
  left.alternatives -= 1;
  if (typeof flat === "boolean" || left.alternatives < 0) return undefined;
  const own = valuesOf(flat, path)?.flatMap((value) => TYPES.filter((type) => isOfType(value, type)));
  const types = own ?? typesOf(flat, path) ?? impliedTypes(flat);
  if (types !== undefined) return [...new Set(types)];
  const options = flat["anyOf"] ?? flat["oneOf"];
  if (options === undefined) return undefined;
  const all = asSchemas(options, at(path, "anyOf")).map((option) => valueTypes(refs, option, path, left));
  return all.includes(undefined) ? undefined : [...new Set(all.flatMap((some) => some ?? []))];
}

/** The types of the properties of a document's objects, by name; undefined: any, or the document does not say. */
export function propertyTypes(document: SchemaObject): (name: string) => readonly SchemaType[] | undefined {
  const refs = new SchemaRefs(document);
  return (name) => {
    try {
      const flat = refs.flat(document, "");
      const schema = typeof flat === "boolean" ? undefined : propertiesOf(flat, "").get(name);
      return schema === undefined ? undefined : valueTypes(refs, schema, name);
    } catch (error) {
      if (error instanceof UnsupportedSchema) return undefined;
      throw error;
    }
  };
}
