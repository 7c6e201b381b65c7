import { turnToRead } from "./paced-reading.ts";

/** Longer texts are not looked at. */
const MOST_BYTES = 4 * 1024 * 1024;
/** Others are served between two of them. */
const SLICE_BYTES = 256 * 1024;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LIST = 0x5b;
const LIST_END = 0x5d;
const OBJECT = 0x7b;
const OBJECT_END = 0x7d;

/**
 * The boolean member of that name that a JSON object has of its own, not in a text or in another object. Nothing is parsed.
 * @param absent what it is where there is none; a text too long to look at has `false`
 */
export async function booleanMember(body: Buffer, name: string, absent: boolean): Promise<boolean> {
  if (body.length > MOST_BYTES) return false;
  const quoted = Buffer.from(`"${name}"`);
  if (!body.includes(quoted)) return absent;
  const search = new MemberSearch(body, quoted);
  for (let end = SLICE_BYTES; search.found === undefined && end < body.length + SLICE_BYTES; end += SLICE_BYTES) {
    const turn = turnToRead(Math.min(SLICE_BYTES, body.length));
    if (turn !== undefined) await turn;
    search.lookUpTo(end);
  }
  return search.found ?? absent;
}

class MemberSearch {
  readonly #body: Buffer;
  readonly #quoted: Buffer;
  #at = 0;
  #depth = 0;
  /** Where the text begins that is not at its end; -1: there is none. */
  #textFrom = -1;
  found: boolean | undefined;

  constructor(body: Buffer, quoted: Buffer) {
    this.#body = body;
    this.#quoted = quoted;
  }

  lookUpTo(end: number): void {
    const body = this.#body;
    for (; this.#at < Math.min(end, body.length) && this.found === undefined; this.#at += 1) {
      const byte = body[this.#at];
      if (this.#textFrom >= 0) {
        // The next byte belongs to it, whatever it is.
        if (byte === BACKSLASH) this.#at += 1;
        else if (byte === QUOTE) this.#endText();
      } else if (byte === QUOTE) this.#textFrom = this.#at;
      else if (byte === LIST || byte === OBJECT) this.#depth += 1;
      else if (byte === LIST_END || byte === OBJECT_END) this.#depth -= 1;
    }
  }

  #endText(): void {
    const body = this.#body;
    const from = this.#textFrom;
    const end = this.#at + 1;
    this.#textFrom = -1;
    if (this.#depth !== 1 || end - from !== this.#quoted.length || this.#quoted.compare(body, from, end) !== 0) return;
    const [, value] = /^\s*:\s*(true|false)\b/.exec(body.toString("latin1", end, end + 32)) ?? [];
    if (value !== undefined) this.found = value === "true";
  }
}
