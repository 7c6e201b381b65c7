import { badField } from "../errors.ts";
import { openChoices } from "./grammar/open-choices.ts";
import type { GrammarRules } from "./grammar/grammar-rules.ts";
import { type Schema, UnsupportedSchema, at } from "./schema.ts";
import { SchemaConverter } from "./schema-converter.ts";

const MOST_CHARS = 128 * 1024;

/**
 * The rule of JSON that is valid under the schema, whatever the model likes.
 *
 * @param param what the schema is called in the request
 * @param relaxed takes the parts that a grammar can't say; absent: they are refused
 * @throws RequestError that names the keyword which is not supported.
 */
export function schemaRule(rules: GrammarRules, schema: Schema, param: string, relaxed?: Set<string>): string {
  return refusingParts(schema, param, () =>
    rules.at(param, () => new SchemaConverter(rules, schema, param, relaxed).rule(schema, "")),
  );
}

/** Does `build` with a schema that is not too long. @throws RequestError that names the part at which it fails */
export function refusingParts<T>(schema: Schema, param: string, build: () => T): T {
  if (JSON.stringify(schema).length > MOST_CHARS) {
    throw badField(
      param,
      `Unsupported schema: '${param}' has more than ${MOST_CHARS} characters.`,
      "unsupported_schema",
    );
  }
  try {
    return build();
  } catch (error) {
    if (error instanceof RangeError) throw unsupported(param, error.message);
    if (!(error instanceof UnsupportedSchema)) throw error;
    throw unsupported(at(param, error.path).replace(/\.$/u, ""), error.message);
  }
}

/**
 * Refuses a grammar that llama.cpp would take seconds over for a token.
 *
 * @returns most alternatives that are open at one place
 * @throws RequestError that names the part of the schema
 */
export function refuseCrowdedRules(rules: GrammarRules, gbnf: string, param: string): number {
  const { most, crowdedRules } = openChoices(gbnf);
  const [where] = crowdedRules.map((rule) => rules.pathOf(rule) || param).toSorted((a, b) => b.length - a.length);
  if (where === undefined) return most;
  const why = "too many alternatives are open at one place; give them common beginnings, or make them fewer";
  throw unsupported(where, why);
}

function unsupported(where: string, why: string) {
  return badField(where, `Unsupported schema at '${where}': ${why}.`, "unsupported_schema");
}
