import type { GrammarRules } from "./grammar/grammar-rules.ts";
import { anyInteger, anyNumber } from "./grammar/json-rules.ts";
import { NoCommonValue } from "./merge-schemas.ts";
import { integerRange, numberRange } from "./number-range.ts";
import { numberOf, type SchemaObject } from "./schema.ts";
import { BY_TYPE } from "./type-keywords.ts";

/** What a number under the schema's bounds may look like. @throws NoCommonValue */
export function numberRule(
  rules: GrammarRules,
  type: "number" | "integer",
  schema: SchemaObject,
  path: string,
): string {
  const bounds = Object.fromEntries(
    BY_TYPE.number.flatMap((keyword) => {
      const bound = numberOf(schema, keyword, path);
      return bound === undefined ? [] : [[keyword, bound]];
    }),
  );
  if (Object.keys(bounds).length === 0) return type === "integer" ? anyInteger(rules) : anyNumber(rules);
  const range = type === "integer" ? integerRange(bounds) : numberRange(bounds);
  if (range === undefined) throw new NoCommonValue(path, "no number that can be written is within its bounds");
  return range;
}
