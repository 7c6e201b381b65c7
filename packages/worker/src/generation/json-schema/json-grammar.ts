import { badField } from "../../errors.ts";
import type { GrammarSpec } from "../../slots/generation-request.ts";
import { GrammarRules } from "./grammar-rules.ts";
import { anyObject } from "./json-rules.ts";
import { type Schema, UnsupportedSchema, at } from "./schema.ts";
import { SchemaConverter } from "./schema-converter.ts";

/** Any JSON object. */
export function jsonObjectGrammar(): GrammarSpec {
  const rules = new GrammarRules();
  return { gbnf: rules.toString(anyObject(rules)) };
}

/** JSON that is valid under the schema, whatever the model likes. @throws RequestError that names the keyword which is not supported. */
export function jsonSchemaGrammar(schema: Schema, param: string): GrammarSpec {
  const rules = new GrammarRules();
  return { gbnf: rules.toString(schemaRule(rules, schema, param)) };
}

/** The same as a rule among others. */
export function schemaRule(rules: GrammarRules, schema: Schema, param: string): string {
  try {
    return new SchemaConverter(rules, schema).rule(schema, "");
  } catch (error) {
    if (!(error instanceof UnsupportedSchema)) throw error;
    const where = at(param, error.path).replace(/\.$/u, "");
    throw badField(where, `Unsupported schema at '${where}': ${error.message}.`, "unsupported_schema");
  }
}
