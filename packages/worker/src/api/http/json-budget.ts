import { setImmediate as nextTurn } from "node:timers/promises";
import { badField, type RequestError } from "../../errors.ts";

const MOST_NESTING = 100;

/** Values of one body. A list of a quarter of a million tokens fits; checking more would hold everybody else up. */
const MOST_VALUES = 262_144;

/** Bytes that are looked at before other requests have their chance: about two milliseconds. */
const SLICE_BYTES = 256 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const OPENERS = new Set([0x5b, 0x7b]);
const CLOSERS = new Set([0x5d, 0x7d]);

/**
 * Refuses JSON that would cost far more to parse and to check than its length says. Only counts: what is no JSON at all is
 * left to the parser.
 *
 * @throws RequestError 400 `nested_too_deep`, `too_many_values`
 */
export async function refuseCostlyJson(bytes: Uint8Array): Promise<void> {
  const count = { values: 0, depth: 0, inText: false, escaped: false };
  for (let from = 0; from < bytes.length; from += SLICE_BYTES) {
    if (from > 0) await nextTurn();
    countSlice(bytes.subarray(from, from + SLICE_BYTES), count);
    if (count.values > MOST_VALUES) throw tooManyValues();
  }
}

interface JsonCount {
  values: number;
  depth: number;
  inText: boolean;
  escaped: boolean;
}

function countSlice(bytes: Uint8Array, count: JsonCount): void {
  let { values, depth, inText, escaped } = count;
  for (const byte of bytes) {
    if (inText) {
      if (escaped) escaped = false;
      else if (byte === BACKSLASH) escaped = true;
      else if (byte === QUOTE) inText = false;
    } else if (byte === QUOTE) inText = true;
    else if (byte === COMMA) values += 1;
    else if (OPENERS.has(byte)) {
      values += 1;
      depth += 1;
      if (depth > MOST_NESTING) throw tooDeep();
    } else if (CLOSERS.has(byte)) depth -= 1;
  }
  Object.assign(count, { values, depth, inText, escaped });
}

function tooDeep(): RequestError {
  return badField(null, `The body is nested deeper than ${MOST_NESTING} levels.`, "nested_too_deep");
}

function tooManyValues(): RequestError {
  return badField(
    null,
    `The body has more than ${MOST_VALUES} values (elements of lists and members of objects). Send less, or several requests.`,
    "too_many_values",
  );
}
