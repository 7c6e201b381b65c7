import { badField } from "../../errors.ts";
import type { GrammarRules } from "./grammar-rules.ts";
import { type Schema, UnsupportedSchema, at } from "./schema.ts";
import { SchemaConverter } from "./schema-converter.ts";

/**
 * The rule of JSON that is valid under the schema, whatever the model likes.
 *
 * @param param what the schema is called in the request
 * @throws RequestError that names the keyword which is not supported.
 */
export function schemaRule(rules: GrammarRules, schema: Schema, param: string): string {
  try {
    return new SchemaConverter(rules, schema).rule(schema, "");
  } catch (error) {
    if (!(error instanceof UnsupportedSchema)) throw error;
    const where = at(param, error.path).replace(/\.$/u, "");
    throw badField(where, `Unsupported schema at '${where}': ${error.message}.`, "unsupported_schema");
  }
}
