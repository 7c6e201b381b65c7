import { type GrammarRules, MOST_REPEATED } from "./grammar/grammar-rules.ts";
import { stringChar } from "./grammar/json-rules.ts";
import { patternLengths, patternRule } from "./patterns/regex-grammar.ts";
import { UnsupportedPattern } from "./patterns/regex-parser.ts";
import { type SchemaObject, UnsupportedSchema, at, numberOf } from "./schema.ts";
import { STRING_FORMATS } from "./string-formats.ts";

/** Formats that say what a text is for and bound it in nothing. */
const FREE_FORMATS = new Set(["password", "binary"]);

/** A string by its length, pattern or format. */
export function stringRule(rules: GrammarRules, schema: SchemaObject, path: string): string {
  const least = Math.max(0, Math.ceil(numberOf(schema, "minLength", path) ?? 0));
  const most = numberOf(schema, "maxLength", path);
  if (most !== undefined && most < least) throw new UnsupportedSchema(at(path, "maxLength"), "no string is that short");
  const given = patternOf(schema, path);
  if (given === undefined) {
    const bound = most === undefined ? undefined : Math.floor(most);
    return rules.add(`"\\"" ${rules.repeat(stringChar(rules), least, bound)} "\\""`);
  }
  try {
    const [shortest, longest] = patternLengths(given.pattern);
    if (shortest > MOST_REPEATED) throw new UnsupportedPattern("no answer is that long");
    if (shortest < least || longest > (most ?? Infinity)) {
      throw new UnsupportedPattern("together with minLength or maxLength it must keep to them by itself");
    }
    return rules.add(`"\\"" ${patternRule(rules, given.pattern)} "\\""`);
  } catch (error) {
    if (!(error instanceof UnsupportedPattern)) throw error;
    throw new UnsupportedSchema(at(path, given.keyword), error.message);
  }
}

function patternOf(
  schema: SchemaObject,
  path: string,
): { readonly pattern: string; readonly keyword: string } | undefined {
  const { pattern, format } = schema;
  const isFree = format === undefined || (typeof format === "string" && FREE_FORMATS.has(format));
  if (pattern !== undefined) {
    if (typeof pattern !== "string") throw new UnsupportedSchema(at(path, "pattern"), "it must be a string");
    if (!isFree) throw new UnsupportedSchema(at(path, "format"), "it is not supported together with 'pattern'");
    return { pattern, keyword: "pattern" };
  }
  if (isFree) return undefined;
  const known = typeof format === "string" ? STRING_FORMATS.get(format) : undefined;
  if (known !== undefined) return { pattern: known, keyword: "format" };
  const all = [...STRING_FORMATS.keys()].join(", ");
  throw new UnsupportedSchema(at(path, "format"), `${JSON.stringify(format)} is not supported; these are: ${all}`);
}
