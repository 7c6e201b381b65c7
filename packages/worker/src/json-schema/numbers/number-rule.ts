import type { GrammarRules } from "../grammar/grammar-rules.ts";
import { anyInteger, anyNumber } from "../grammar/json-rules.ts";
import { NoCommonValue } from "../merge-schemas.ts";
import { multiplesRange } from "./multiples.ts";
import { integerRange, type NumberBounds, numberRange } from "./number-range.ts";
import { at, BY_TYPE, numberOf, type Relax, type SchemaObject, UnsupportedSchema } from "../schema.ts";

const MULTIPLES = "it is supported within near bounds, and where the last digits of a number tell it";

/** A schema of numbers, and where its rule goes. */
interface NumberSchema {
  readonly rules: GrammarRules;
  readonly type: "number" | "integer";
  readonly schema: SchemaObject;
  readonly path: string;
  readonly relax: Relax;
}

/** What a number under the schema's bounds may look like. @throws NoCommonValue */
export function numberRule(asked: NumberSchema): string {
  const { rules, type, schema, path } = asked;
  const bounds = Object.fromEntries(
    BY_TYPE.number.flatMap((keyword) => {
      const bound = numberOf(schema, keyword, path);
      return bound === undefined ? [] : [[keyword, bound]];
    }),
  );
  const multiples = multiplesRule(asked, bounds);
  if (multiples !== undefined) return multiples;
  if (Object.keys(bounds).length === 0) return type === "integer" ? anyInteger(rules) : anyNumber(rules);
  const range = type === "integer" ? integerRange(bounds) : numberRange(bounds);
  if (range === undefined) throw new NoCommonValue(path, "no number that can be written is within its bounds");
  return range;
}

/** Undefined where every number will do, or a grammar can't say which. */
function multiplesRule({ rules, type, schema, path, relax }: NumberSchema, bounds: NumberBounds): string | undefined {
  const step = numberOf(schema, "multipleOf", path);
  const here = at(path, "multipleOf");
  if (step === undefined) return undefined;
  if (step <= 0) throw new UnsupportedSchema(here, "it must be over 0");
  // Every integer is a multiple of 1, and of 0.5.
  if (type === "integer" && Number.isInteger(1 / step)) return undefined;
  const isSayable = type === "number" || Number.isInteger(step);
  const multiples = isSayable ? multiplesRange(rules, step, bounds) : undefined;
  if (multiples === "none") throw new NoCommonValue(path, "no multiple is within its bounds");
  if (multiples === undefined) relax(here, MULTIPLES);
  return multiples;
}
