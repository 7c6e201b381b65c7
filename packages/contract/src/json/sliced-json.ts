import { turnToParse } from "./json-cost.ts";
import { findLongParts, type Level, type Part, SLICE_BYTES } from "./long-parts.ts";

/**
 * As JSON.parse, for a text that `costOfJson` has let pass: what is long is parsed piece by piece, with other requests in between.
 *
 * @throws SyntaxError where it is no JSON, TypeError where it is not UTF-8, RangeError where an object has more than {@link MOST_MEMBERS}
 */
export async function parseJsonInSlices(bytes: Buffer): Promise<unknown> {
  const text = isMarked(bytes) ? bytes.subarray(3) : bytes;
  if (text.length <= SLICE_BYTES) {
    await turnToParse(text.length);
    return JSON.parse(decoder.decode(text));
  }
  const root = await findLongParts(text);
  const values = await listOf(text, root);
  if (values.length !== 1) throw noJson(text.length);
  return values[0];
}

/** Of one object: no API has as many, and to copy one of a quarter of a million takes a tenth of a second. Shorter texts than a slice have no room for them. */
const MOST_MEMBERS = 16_384;

/** As JSON.stringify for plain values, of lists and objects on the first `levels` an element or member at a time. */
export async function writeJsonInSlices(value: unknown, levels = 3): Promise<string> {
  if (typeof value === "string" && value.length > SLICE_BYTES) return await writeLongText(value);
  if (levels === 0 || typeof value !== "object" || value === null) {
    const text = JSON.stringify(value) ?? "null";
    const turn = turnToParse(text.length + LEAST_BYTES);
    if (turn !== undefined) await turn;
    return text;
  }
  const parts: string[] = [];
  if (Array.isArray(value)) {
    for (const item of value) parts.push(await writeJsonInSlices(item, levels - 1));
    return `[${parts.join(",")}]`;
  }
  for (const [name, item] of Object.entries(value)) {
    if (item === undefined) continue;
    parts.push(`${JSON.stringify(name)}:${await writeJsonInSlices(item, levels - 1)}`);
  }
  return `{${parts.join(",")}}`;
}

/** Halves of a character that are cut apart are written as escapes, which mean the same. */
async function writeLongText(text: string): Promise<string> {
  const parts: string[] = [];
  for (let from = 0; from < text.length; from += SLICE_BYTES) {
    await turnToParse(SLICE_BYTES);
    parts.push(JSON.stringify(text.slice(from, from + SLICE_BYTES)).slice(1, -1));
  }
  return `"${parts.join("")}"`;
}

/** What a piece takes, however short it is. */
const LEAST_BYTES = 192;

/** A byte order mark, which some of Windows' tools write. */
function isMarked(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The pieces are cut at commas and between characters, so that each is JSON by itself once it stands in brackets or quotes. */
async function parsePiece(text: Buffer, { from, to }: Part, open: string, close: string): Promise<unknown> {
  await turnToParse(to - from);
  const piece = decoder.decode(text.subarray(from, to));
  try {
    return JSON.parse(`${open}${piece}${close}`);
  } catch {
    throw noJson(from);
  }
}

function noJson(at: number): SyntaxError {
  return new SyntaxError(`it is no JSON, somewhere after its byte ${at}`);
}

async function listOf(text: Buffer, level: Level): Promise<unknown[]> {
  const list: unknown[] = [];
  for (const part of level.parts) {
    const { child } = part;
    if (child === undefined) {
      const items = (await parsePiece(text, part, "[", "]")) as unknown[];
      refuseEmpty(items.length, part, level);
      for (const item of items) list.push(item);
    } else {
      refuseMore(text, part.from, child.from - 1);
      refuseMore(text, child.to + 1, part.to);
      list.push(await valueOf(text, child));
    }
  }
  return list;
}

async function objectOf(text: Buffer, level: Level): Promise<object> {
  const object = {};
  let count = 0;
  for (const part of level.parts) {
    const { child } = part;
    // The member's value is put in afterwards.
    const head = child === undefined ? part : { from: part.from, to: child.from - 1 };
    const members = (await parsePiece(text, head, "{", child === undefined ? "}" : "null}")) as object;
    const names = Object.keys(members);
    refuseEmpty(names.length, part, level);
    count += names.length;
    if (count > MOST_MEMBERS) throw new RangeError(`an object has more than ${MOST_MEMBERS} members`);
    for (const name of names) define(object, name, Reflect.get(members, name));
    if (child === undefined) continue;
    refuseMore(text, child.to + 1, part.to);
    define(object, names[0] ?? "", await valueOf(text, child));
  }
  return object;
}

/** `__proto__` is a member like any other. */
function define(object: object, name: string, value: unknown): void {
  if (name !== "__proto__") Reflect.set(object, name, value);
  else Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

async function valueOf(text: Buffer, level: Level): Promise<unknown> {
  if (level.kind === "list") return await listOf(text, level);
  if (level.kind === "object") return await objectOf(text, level);
  const pieces: unknown[] = [];
  for (const part of level.parts) pieces.push(await parsePiece(text, part, '"', '"'));
  return pieces.join("");
}

/** Nothing between two commas, or behind the last. */
function refuseEmpty(count: number, part: Part, level: Level): void {
  if (count === 0 && level.parts.length > 1) throw noJson(part.from);
}

/** Only blanks may stand beside a value that was parsed in pieces. */
function refuseMore(text: Buffer, from: number, to: number): void {
  for (let at = from; at < to; at += 1) if (!BLANKS.has(text[at] ?? 0)) throw noJson(at);
}

const BLANKS: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);
