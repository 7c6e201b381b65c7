import { LoopBudget } from "@drover/foundation/loop-budget";

/** Levels of lists and objects that a JSON text may have. */
export const MOST_NESTING = 100;

/** Values of one JSON text. A list of a quarter of a million tokens fits; checking more would hold everybody else up. */
export const MOST_VALUES = 262_144;

/** What an object counts as: to parse one and to check it takes as long as some numbers of a list. */
export const OBJECT_VALUES = 8;

/** Bytes that are looked at in one turn of the loop: about two milliseconds. */
const SLICE_BYTES = 256 * 1024;

/** A text counts as so many at least. */
const LEAST_BYTES = 128;

/** In bytes, over all requests. */
const budget = new LoopBudget(SLICE_BYTES);

/** To be awaited before a JSON text of this length is parsed, which takes about as long as to look at it. */
export function turnToParse(bytes: number): Promise<void> | undefined {
  return budget.spend(bytes);
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const LIST = 0x5b;
const OBJECT = 0x7b;
const LIST_END = 0x5d;
const OBJECT_END = 0x7d;

/** Why a JSON text would cost far more to parse and to check than its length says. */
export type CostlyJson = "nested_too_deep" | "too_many_values";

/**
 * Only counts, over all of the texts, and lets other requests in between: what is no JSON at all is left to the parser.
 * @returns undefined for texts that may be parsed
 */
export async function costOfJson(...texts: readonly Uint8Array[]): Promise<CostlyJson | undefined> {
  let values = 0;
  for (const bytes of texts) {
    const count: JsonCount = { values, depth: 0, inText: false, escaped: false };
    for (let from = 0; from < bytes.length; from += SLICE_BYTES) {
      const slice = bytes.subarray(from, from + SLICE_BYTES);
      const turn = budget.spend(Math.max(LEAST_BYTES, slice.length));
      if (turn !== undefined) await turn;
      if (!countSlice(slice, count)) return "nested_too_deep";
      if (count.values > MOST_VALUES) return "too_many_values";
    }
    values = count.values;
  }
  return undefined;
}

interface JsonCount {
  values: number;
  depth: number;
  inText: boolean;
  escaped: boolean;
}

/** False where it is nested too deep. */
function countSlice(bytes: Uint8Array, count: JsonCount): boolean {
  let { values, depth, inText, escaped } = count;
  for (const byte of bytes) {
    if (inText) {
      if (escaped) escaped = false;
      else if (byte === BACKSLASH) escaped = true;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if (byte === COMMA) values += 1;
    else if (byte === LIST || byte === OBJECT) {
      values += byte === OBJECT ? OBJECT_VALUES : 1;
      depth += 1;
      if (depth > MOST_NESTING) return false;
    } else if (byte === LIST_END || byte === OBJECT_END) depth -= 1;
  }
  Object.assign(count, { values, depth, inText, escaped });
  return true;
}
