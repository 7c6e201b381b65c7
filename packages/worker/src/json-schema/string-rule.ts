import { type Alphabet, JSON_ALPHABET } from "./grammar/alphabet.ts";
import { type GrammarRules, MOST_REPEATED } from "./grammar/grammar-rules.ts";
import { patternLengths, patternRule } from "./patterns/regex-grammar.ts";
import { UnsupportedPattern } from "./patterns/regex-parser.ts";
import { type Relax, type SchemaObject, UnsupportedSchema, at, numberOf } from "./schema.ts";
import { STRING_FORMATS } from "./string-formats.ts";

/** Formats that say what a text is for and bound it in nothing. */
const FREE_FORMATS = new Set(["password", "binary"]);

/** A string of JSON, with its quotes. */
export function stringRule(rules: GrammarRules, schema: SchemaObject, path: string, relax: Relax): string {
  return rules.add(`"\\"" ${textRule(rules, JSON_ALPHABET, { schema, path, relax })} "\\""`);
}

/** What a text must keep to. */
export interface TextSchema {
  readonly schema: SchemaObject;
  readonly path: string;
  readonly relax: Relax;
}

/** A text by its pattern, format or length, in this order: of a pattern and a format clients write both, and the one says the other. */
export function textRule(rules: GrammarRules, alphabet: Alphabet, { schema, path, relax }: TextSchema): string {
  const least = Math.max(0, Math.ceil(numberOf(schema, "minLength", path) ?? 0));
  const most = numberOf(schema, "maxLength", path);
  if (most !== undefined && most < least) throw new UnsupportedSchema(at(path, "maxLength"), "no string is that short");
  const failures: (readonly [keyword: string, why: string])[] = [];
  for (const { pattern, keyword } of patternsOf(schema, path)) {
    try {
      const [shortest] = patternLengths(pattern);
      if (shortest > MOST_REPEATED) throw new UnsupportedPattern("no response is that long");
      return patternRule(rules, alphabet, pattern, { least, most });
    } catch (error) {
      if (!(error instanceof UnsupportedPattern)) throw error;
      failures.push([keyword, error.message]);
    }
  }
  const unknown = unknownFormat(schema);
  const failed =
    failures[0] ?? (unknown !== undefined && !("pattern" in schema) ? (["format", unknown] as const) : undefined);
  if (failed !== undefined) relax(at(path, failed[0]), failed[1]);
  return most === undefined ? alphabet.text(rules, least) : rules.repeat(alphabet.char(rules), least, Math.floor(most));
}

function patternsOf(schema: SchemaObject, path: string) {
  const { pattern, format } = schema;
  if (pattern !== undefined && typeof pattern !== "string") {
    throw new UnsupportedSchema(at(path, "pattern"), "it must be a string");
  }
  const known = typeof format === "string" ? STRING_FORMATS.get(format) : undefined;
  return [
    ...(pattern === undefined ? [] : [{ pattern, keyword: "pattern" }]),
    ...(known === undefined ? [] : [{ pattern: known, keyword: "format" }]),
  ];
}

/** Why the format can't be kept to; undefined: it can, or it bounds nothing. */
function unknownFormat({ format }: SchemaObject): string | undefined {
  if (
    format === undefined ||
    (typeof format === "string" && (FREE_FORMATS.has(format) || STRING_FORMATS.has(format)))
  ) {
    return undefined;
  }
  return `${JSON.stringify(format)} is not supported; these are: ${[...STRING_FORMATS.keys()].join(", ")}`;
}
