import { type Schema, type SchemaObject, UnsupportedSchema, asSchema, asSchemas, at } from "./schema.ts";
import { isAnnotation, mergeSchemas } from "./merge-schemas.ts";

const MOST_REFERENCES = 64;

/** Resolves `$ref` and `allOf` against one document. */
export class SchemaRefs {
  readonly #root: Schema;

  constructor(root: Schema) {
    this.#root = root;
  }

  /** The schema without `$ref` and `allOf` at its top. @throws UnsupportedSchema */
  flat(schema: Schema, path: string, depth = 0): Schema {
    if (typeof schema === "boolean") return schema;
    if (depth > MOST_REFERENCES) throw new UnsupportedSchema(path, "it refers to itself without end");
    const { $ref, allOf, ...own } = schema;
    let result: Schema = own;
    if ($ref !== undefined) {
      const target = this.flat(this.#target($ref, at(path, "$ref")), path, depth + 1);
      result = mergeSchemas(withoutAnnotations(target), result, path);
    }
    if (allOf === undefined) return result;
    return asSchemas(allOf, at(path, "allOf")).reduce<Schema>(
      (merged, part, index) => mergeSchemas(merged, this.flat(part, at(path, `allOf.${index}`), depth + 1), path),
      result,
    );
  }

  #target(reference: unknown, path: string): Schema {
    if (typeof reference !== "string" || !reference.startsWith("#")) {
      throw new UnsupportedSchema(path, "only references into the same schema (#/…) are supported");
    }
    let found: unknown = this.#root;
    for (const step of reference.slice(1).split("/").slice(1)) {
      const key = unescape(step, path);
      found =
        typeof found === "object" && found !== null && Object.hasOwn(found, key) ? Reflect.get(found, key) : undefined;
    }
    if (found === undefined || (reference.length > 1 && !reference.startsWith("#/"))) {
      throw new UnsupportedSchema(path, `'${reference}' points to nothing`);
    }
    return asSchema(found, path);
  }
}

/** A definition's `$defs` and texts do not matter where it is used. */
function withoutAnnotations(schema: Schema): Schema {
  if (typeof schema === "boolean") return schema;
  const kept: SchemaObject = Object.fromEntries(Object.entries(schema).filter(([key]) => !isAnnotation(key)));
  return kept;
}

function unescape(step: string, path: string): string {
  try {
    return decodeURIComponent(step).replaceAll("~1", "/").replaceAll("~0", "~");
  } catch {
    throw new UnsupportedSchema(path, "it is no valid reference");
  }
}
