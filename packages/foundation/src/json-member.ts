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

/** Whether a JSON object has `"name": true` as a member of its own, not in a text or in another object. Nothing is parsed. */
export async function hasTrueMember(body: Buffer, name: string): Promise<boolean> {
  const quoted = Buffer.from(`"${name}"`);
  if (body.length > MOST_BYTES || !body.includes(quoted)) return false;
  const search = new MemberSearch(body, quoted);
  for (let end = SLICE_BYTES; !search.isFound && end < body.length + SLICE_BYTES; end += SLICE_BYTES) {
    const turn = turnToRead(Math.min(SLICE_BYTES, body.length));
    if (turn !== undefined) await turn;
    search.lookUpTo(end);
  }
  return search.isFound;
}

class MemberSearch {
  readonly #body: Buffer;
  readonly #quoted: Buffer;
  #at = 0;
  #depth = 0;
  /** Where the text begins that is not at its end; -1: there is none. */
  #textFrom = -1;
  isFound = false;

  constructor(body: Buffer, quoted: Buffer) {
    this.#body = body;
    this.#quoted = quoted;
  }

  lookUpTo(end: number): void {
    const body = this.#body;
    for (; this.#at < Math.min(end, body.length) && !this.isFound; this.#at += 1) {
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
    this.isFound = /^\s*:\s*true\b/.test(body.toString("latin1", end, end + 32));
  }
}
