import type { GrammarRules } from "../grammar/grammar-rules.ts";
import { type TextEntry, textTree } from "../grammar/text-tree.ts";
import { decimalsOf, type NumberBounds } from "./number-range.ts";

/** So many numbers are written out one by one. */
const MOST_LISTED = 1000;
/** More than can be relied on. */
const MOST_DECIMALS = 6;

/** GBNF of the multiples of a step within bounds. `none`: there is none; undefined: a grammar can't say them. */
export function multiplesRange(rules: GrammarRules, step: number, bounds: NumberBounds): string | undefined {
  const listed = listedMultiples(step, bounds);
  if (listed === undefined) return multiplesByDigits(step, bounds);
  return listed.length === 0
    ? "none"
    : textTree(
        rules,
        listed.map((text): TextEntry => [text, ""]),
      );
}

/** As texts; undefined where there are too many. */
function listedMultiples(step: number, bounds: NumberBounds): readonly string[] | undefined {
  const decimals = decimalsOf(step);
  if (decimals > MOST_DECIMALS) return undefined;
  const { minimum = -Infinity, maximum = Infinity, exclusiveMinimum = -Infinity, exclusiveMaximum = Infinity } = bounds;
  const first = Math.ceil(Math.max(minimum, exclusiveMinimum) / step);
  const last = Math.floor(Math.min(maximum, exclusiveMaximum) / step);
  if (!(last - first < MOST_LISTED)) return undefined;
  const texts: string[] = [];
  for (let count = first; count <= last; count += 1) {
    const value = Number((count * step).toFixed(decimals));
    const isInside = value >= minimum && value <= maximum && value > exclusiveMinimum && value < exclusiveMaximum;
    if (isInside) texts.push(value.toFixed(decimals));
  }
  return texts;
}

/**
 * GBNF of the multiples of a step that its last digits tell: of 5, 100 or 0.01. Undefined for others, and for bounds other than "not negative".
 */
function multiplesByDigits(step: number, bounds: NumberBounds): string | undefined {
  const { minimum, ...others } = bounds;
  if (Object.keys(others).length > 0 || (minimum !== undefined && minimum !== 0)) return undefined;
  const sign = minimum === undefined ? '"-"? ' : "";
  const decimals = decimalsOf(step);
  if (decimals > 0 && decimals <= MOST_DECIMALS && step === Number(`1e-${decimals}`)) {
    return `${sign}("0" | [1-9] [0-9]{0,14}) ("." [0-9]{1,${decimals}})?`;
  }
  const digits = [1, 2, 3].find((count) => 10 ** count % step === 0);
  if (digits === undefined || !Number.isInteger(step)) return undefined;
  const ends = Array.from({ length: 10 ** digits / step }, (_, index) => String(index * step).padStart(digits, "0"));
  const small = ends.map((end) => Number(end)).filter((value) => value > 0);
  const listed = small.length === 0 ? "" : ` | ${sign}(${oneOf(small)})`;
  return `"0"${listed} | ${sign}[1-9] [0-9]{0,11} (${oneOf(ends)})`;
}

function oneOf(values: readonly (string | number)[]): string {
  return values.map((value) => `"${value}"`).join(" | ");
}
