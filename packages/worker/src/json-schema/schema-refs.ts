import { type Schema, type SchemaObject, UnsupportedSchema, asSchema, asSchemas, at } from "./schema.ts";
import { distinct, isAnnotation, mergeSchemas } from "./merge-schemas.ts";

const MOST_REFERENCES = 64;

/** Of the conversion of one schema: about a second on a slow machine. Schemas of real tools take some hundredths of it. */
const MOST_STEPS = 4_000_000;

/** Resolves `$ref` and `allOf` against one document. */
export class SchemaRefs {
  #stepsLeft = MOST_STEPS;
  readonly #root: Schema;
  readonly #flat = new WeakMap<SchemaObject, Schema>();

  constructor(root: Schema) {
    this.#root = root;
  }

  /** A few hundred bytes can ask for work without end. A step is about a character that is looked at. @throws UnsupportedSchema once there were too many */
  spend(steps: number, path: string): void {
    this.#stepsLeft -= steps;
    if (this.#stepsLeft < 0) throw new UnsupportedSchema(path, "the schema takes too long to convert; make it simpler");
  }

  /** The schema without `$ref` and `allOf` at its top. @throws UnsupportedSchema */
  flat(schema: Schema, path: string, depth = 0): Schema {
    if (typeof schema === "boolean") return schema;
    const known = this.#flat.get(schema);
    if (known !== undefined) return known;
    const result = this.#flatten(schema, path, depth);
    this.#flat.set(schema, result);
    return result;
  }

  #flatten(schema: SchemaObject, path: string, depth: number): Schema {
    if (depth > MOST_REFERENCES) throw new UnsupportedSchema(path, "it refers to itself without end");
    const { $ref, allOf, ...own } = schema;
    let result: Schema = own;
    if ($ref !== undefined) {
      const target = this.flat(this.#target($ref, at(path, "$ref")), path, depth + 1);
      result = this.merge(withoutAnnotations(target), result, path);
    }
    if (allOf === undefined) return result;
    return distinct(asSchemas(allOf, at(path, "allOf"))).reduce<Schema>(
      (merged, part, index) => this.merge(merged, this.flat(part, at(path, `allOf.${index}`), depth + 1), path),
      result,
    );
  }

  /** {@link mergeSchemas}, paid for. */
  merge(a: Schema, b: Schema, path: string): Schema {
    if (typeof a === "boolean" || typeof b === "boolean") return mergeSchemas(a, b, path);
    this.spend(JSON.stringify(a).length + JSON.stringify(b).length, path);
    return mergeSchemas(a, b, path);
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
