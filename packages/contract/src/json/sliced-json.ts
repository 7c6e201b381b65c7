import { turnToParse } from "./json-cost.ts";
import { findLongParts, type Level, type Part, SLICE_BYTES } from "./long-parts.ts";
import { isShort } from "./short-values.ts";

/**
 * As JSON.parse, for a text that `costOfJson` has let pass: what is long is parsed piece by piece, with other requests in between.
 *
 * @throws SyntaxError where it is no JSON, TypeError where it is not UTF-8, RangeError where something in it has a size that nothing honest has
 */
export async function parseJsonInSlices(bytes: Buffer): Promise<unknown> {
  const text = isMarked(bytes) ? bytes.subarray(3) : bytes;
  if (text.length <= SHORT_BYTES) {
    await turnToParse(text.length);
    return JSON.parse(decoder.decode(text));
  }
  const root = await findLongParts(text);
  const values = await listOf(text, root);
  if (values.length !== 1) throw noJson(text.length);
  return values[0];
}

/** Parsed at a stretch: there is room for a thousand names in it. */
const SHORT_BYTES = 8 * 1024;

/** Of one object, but for the ids of tokens: no API has as many names, and to look at one takes each who does it half a microsecond. */
const MOST_NAMES = 2048;
const MOST_IDS = 16_384;

/** What a name takes, in bytes of a long text. */
const NAME_BYTES = 512;

/**
 * As JSON.stringify for plain values; what is long an element or member at a time.
 *
 * @throws RangeError as soon as it has more than `mostChars`
 */
export async function writeJsonInSlices(value: unknown, mostChars = Number.POSITIVE_INFINITY): Promise<string> {
  const written = new WrittenParts(mostChars);
  await written.write(value);
  return written.text();
}

class WrittenParts {
  readonly #mostChars: number;
  readonly #parts: string[] = [];
  #chars = 0;

  constructor(mostChars: number) {
    this.#mostChars = mostChars;
  }

  async write(value: unknown): Promise<void> {
    if (typeof value === "string" && value.length > SLICE_BYTES) return await this.#writeLongText(value);
    if (typeof value !== "object" || value === null || isShort(value)) {
      const text = JSON.stringify(value) ?? "null";
      this.#add(text);
      return await turnToParse(text.length + LEAST_BYTES);
    }
    if (Array.isArray(value)) return await this.#writeList(value);
    let before = "{";
    for (const [name, item] of Object.entries(value)) {
      if (item === undefined) continue;
      this.#add(`${before}${JSON.stringify(name)}:`);
      await this.write(item);
      before = ",";
    }
    this.#add(before === "{" ? "{}" : "}");
  }

  /** Joined once, for all levels: to copy megabytes takes milliseconds. */
  text(): string {
    return this.#parts.join("");
  }

  async #writeList(list: readonly unknown[]): Promise<void> {
    let before = "[";
    for (const item of list) {
      this.#add(before);
      await this.write(item);
      before = ",";
    }
    this.#add(before === "[" ? "[]" : "]");
  }

  /** Halves of a character that are cut apart are written as escapes, which mean the same. */
  async #writeLongText(text: string): Promise<void> {
    this.#add('"');
    for (let from = 0; from < text.length; from += SLICE_BYTES) {
      await turnToParse(SLICE_BYTES);
      this.#add(JSON.stringify(text.slice(from, from + SLICE_BYTES)).slice(1, -1));
    }
    this.#add('"');
  }

  #add(part: string): void {
    this.#chars += part.length;
    if (this.#chars > this.#mostChars) throw new RangeError(`its JSON has more than ${this.#mostChars} characters`);
    this.#parts.push(part);
  }
}

/** What a piece takes, however short it is. */
const LEAST_BYTES = 192;

/** A byte order mark, which some of Windows' tools write. */
function isMarked(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The pieces are cut at commas and between characters, so that each is JSON by itself once it stands in brackets or quotes. */
async function parsePiece(text: Buffer, part: Part, open: string, close: string): Promise<unknown> {
  const { from, to, names } = part;
  await turnToParse(to - from + names * NAME_BYTES);
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
  const counts = { names: 0, ids: 0 };
  for (const part of level.parts) {
    const { child } = part;
    // The member's value is put in afterwards.
    const head = child === undefined ? part : { from: part.from, to: child.from - 1, names: 1 };
    const members = (await parsePiece(text, head, "{", child === undefined ? "}" : "null}")) as object;
    const names = Object.keys(members);
    refuseEmpty(names.length, part, level);
    for (const name of names) {
      counts[TOKEN_ID.test(name) ? "ids" : "names"] += 1;
      define(object, name, Reflect.get(members, name));
    }
    if (counts.names > MOST_NAMES) throw new RangeError(`an object has more than ${MOST_NAMES} members`);
    if (counts.ids > MOST_IDS) throw new RangeError(`an object has more than ${MOST_IDS} numbers as names`);
    if (child === undefined) continue;
    refuseMore(text, child.to + 1, part.to);
    define(object, names[0] ?? "", await valueOf(text, child));
  }
  return object;
}

const TOKEN_ID = /^\d{1,9}$/u;

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
