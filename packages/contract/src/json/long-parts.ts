import { turnToParse } from "./json-cost.ts";

/** Shorter lists, objects and texts are parsed at a stretch, in half a millisecond. */
export const SLICE_BYTES = 64 * 1024;

/** Lists and objects with more members in them are not: each may have another name, and to learn one takes a microsecond or two. */
const SLICE_NAMES = 256;

/** What can't be cut: a name, a number or blanks. Nobody has one a thousandth as long. */
const MOST_UNCUT_BYTES = 4 * SLICE_BYTES;

/** A list, an object or a text of a JSON text that is longer than a slice. */
export interface Level {
  readonly kind: "list" | "object" | "text";
  /** Behind the byte that opens it. */
  readonly from: number;
  /** Where the byte is that closes it. */
  to: number;
  /** All of it, without the commas between them. */
  readonly parts: Part[];
}

/** Elements, members or characters that are parsed together. */
export interface Part {
  readonly from: number;
  readonly to: number;
  /** Of members, at any depth. */
  readonly names: number;
  /** This part is one element or member, whose value is long. */
  readonly child?: Level;
}

/** A level that is not at its end. */
interface OpenLevel extends Level {
  /** Where the element or member begins that is not at its end. */
  itemFrom: number;
  /** What is before it is in a part. */
  cutAt: number;
  /** Names before this level, before its present element or member, and before what is in no part. */
  readonly namesFrom: number;
  itemNames: number;
  namesCut: number;
  /** The value of the present element or member, where that is long. */
  child?: Level;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LETTER_U = 0x75;
const COMMA = 0x2c;
const COLON = 0x3a;
const LIST = 0x5b;
const LIST_END = 0x5d;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;

/**
 * Cuts a JSON text into parts of about a slice each. The text itself counts as the only element of a list.
 *
 * @throws SyntaxError where its brackets and quotes are not closed, RangeError where something in it is long that can't be cut
 */
export async function findLongParts(text: Buffer): Promise<Level> {
  const parts = new LongParts(text);
  while (parts.goOn()) await turnToParse(SLICE_BYTES);
  return parts.root();
}

class LongParts {
  readonly #text: Buffer;
  readonly #levels: OpenLevel[] = [open("list", 0, 0)];
  #at = 0;
  #names = 0;
  /** In a text: an escape may stand before it. */
  #wholeFrom = 0;

  constructor(text: Buffer) {
    this.#text = text;
  }

  /** Looks at another slice. @returns false at the end */
  goOn(): boolean {
    const end = Math.min(this.#text.length, this.#at + SLICE_BYTES);
    while (this.#at < end) {
      const level = this.#top;
      if (level.kind === "text") this.#readText(level, end);
      else this.#readItems(level, end);
    }
    return this.#at < this.#text.length;
  }

  root(): Level {
    const root = this.#top;
    if (this.#levels.length > 1) throw broken(this.#at);
    this.#close(root);
    return root;
  }

  get #top(): OpenLevel {
    const top = this.#levels.at(-1);
    if (top === undefined) throw broken(this.#at);
    return top;
  }

  /** Up to the next level, or the end of this one. */
  #readItems(level: OpenLevel, end: number): void {
    for (; this.#at < end; this.#at += 1) {
      const byte = this.#text[this.#at] ?? 0;
      if (byte === COMMA) this.#endItem(level);
      else if (byte === COLON) this.#endName(level);
      else if (byte === QUOTE) return this.#open("text");
      else if (byte === LIST) return this.#open("list");
      else if (byte === OBJECT) return this.#open("object");
      else if (byte === LIST_END || byte === OBJECT_END) {
        if ((byte === LIST_END) !== (level.kind === "list") || this.#levels.length === 1) throw broken(this.#at);
        return this.#close(level);
      }
    }
  }

  #open(kind: Level["kind"]): void {
    this.#at += 1;
    this.#levels.push(open(kind, this.#at, this.#names));
  }

  #readText(level: OpenLevel, end: number): void {
    for (; this.#at < end; this.#at += 1) {
      const byte = this.#text[this.#at] ?? 0;
      if (byte === QUOTE) return this.#close(level);
      if (this.#at - level.cutAt >= SLICE_BYTES && this.#at >= this.#wholeFrom && isFirstOfCharacter(byte)) {
        level.parts.push({ from: level.cutAt, to: this.#at, names: 0 });
        level.cutAt = this.#at;
      }
      if (byte !== BACKSLASH) continue;
      // An escape is a character, or `u` and four digits.
      this.#wholeFrom = this.#at + (this.#text[this.#at + 1] === LETTER_U ? 6 : 2);
      this.#at += 1;
    }
  }

  #endName(level: OpenLevel): void {
    const { child } = level;
    this.#names += 1;
    if (child === undefined) return;
    if (child.to - child.from > MOST_UNCUT_BYTES) throw uncut(child.from);
    // What was long is the name: it stays with its value.
    delete level.child;
  }

  #endItem(level: OpenLevel): void {
    if (this.#isLong(level.cutAt, level.namesCut)) this.#cut(level);
    level.itemFrom = this.#at + 1;
    level.itemNames = this.#names;
  }

  #isLong(from: number, names: number): boolean {
    return this.#at - from >= SLICE_BYTES || this.#names - names >= SLICE_NAMES;
  }

  /** At the end of an element or member: it and those before it are a part. */
  #cut(level: OpenLevel): void {
    const { child, cutAt, itemFrom, parts, namesCut } = level;
    const uncutBytes = child === undefined ? this.#at - itemFrom : Math.max(child.from - itemFrom, this.#at - child.to);
    if (level.kind !== "text" && uncutBytes > MOST_UNCUT_BYTES) throw uncut(itemFrom);
    if (child === undefined) parts.push({ from: cutAt, to: this.#at, names: this.#names - namesCut });
    else {
      if (itemFrom > cutAt) parts.push({ from: cutAt, to: itemFrom - 1, names: level.itemNames - namesCut });
      parts.push({ from: itemFrom, to: this.#at, names: 1, child });
      delete level.child;
    }
    level.cutAt = this.#at + 1;
    level.namesCut = this.#names;
  }

  #close(level: OpenLevel): void {
    level.to = this.#at;
    this.#levels.pop();
    const above = this.#levels.at(-1);
    if (above === undefined || this.#isLong(level.from, level.namesFrom)) {
      this.#cut(level);
      if (above !== undefined) above.child = level;
    }
    this.#at += 1;
  }
}

function isFirstOfCharacter(byte: number): boolean {
  return (byte & 0xc0) !== 0x80;
}

function open(kind: Level["kind"], from: number, names: number): OpenLevel {
  const starts = { namesFrom: names, itemNames: names, namesCut: names };
  return { kind, from, to: from, parts: [], itemFrom: from, cutAt: from, ...starts };
}

function uncut(at: number): RangeError {
  return new RangeError(
    `a name, a number or a blank space after its byte ${at} has more than ${MOST_UNCUT_BYTES} bytes`,
  );
}

function broken(at: number): SyntaxError {
  return new SyntaxError(`a bracket or a quote is missing, or one is too many, before its byte ${at}`);
}
