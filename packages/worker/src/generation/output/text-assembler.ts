const REPLACEMENT = "\u{FFFD}";

/**
 * Turns the bytes of tokens into text, so that no character is ever split between two pieces. Sequences are read as
 * llama.cpp's grammars read them (`decode_utf8` in llama-grammar.cpp), so that text that was held to a grammar fits it: an
 * overlong sequence is the character whose number it has, and one that is none (a surrogate, one too large) is one U+FFFD.
 */
export class TextAssembler {
  #unfinished: readonly number[] = [];

  /** The characters that are complete now; the start of an unfinished one is kept back. */
  push(bytes: Uint8Array): string {
    const all = this.#unfinished.length === 0 ? bytes : Uint8Array.from([...this.#unfinished, ...bytes]);
    this.#unfinished = [];
    let text = "";
    for (let at = 0; at < all.length; ) {
      const plain = plainLength(all, at);
      if (plain > 0) {
        text += String.fromCharCode(...all.subarray(at, at + plain));
        at += plain;
        continue;
      }
      const length = sequenceLength(all[at] ?? 0);
      const followers = countFollowers(all, at, length);
      if (followers === length - 1) text += decode(all.subarray(at, at + length));
      else if (at + 1 + followers === all.length) {
        this.#unfinished = Array.from(all.subarray(at));
        return text;
      } else text += REPLACEMENT;
      at += 1 + followers;
    }
    return text;
  }

  /** What is left at the end: U+FFFD for an unfinished character. */
  flush(): string {
    const left = this.#unfinished.length;
    this.#unfinished = [];
    return left === 0 ? "" : REPLACEMENT;
  }
}

/** ASCII from here on; most tokens are nothing else. At most 1,000, which become arguments of one call. */
function plainLength(bytes: Uint8Array, at: number): number {
  let end = at;
  while (end < bytes.length && end - at < 1000 && (bytes[end] ?? 0) < 0x80) end += 1;
  return end - at;
}

/** Of the sequence that this byte leads; 1 for a byte that leads none. */
function sequenceLength(lead: number): number {
  if (lead >= 0xf0) return 4;
  if (lead >= 0xe0) return 3;
  return lead >= 0xc0 ? 2 : 1;
}

function countFollowers(bytes: Uint8Array, at: number, length: number): number {
  let count = 0;
  while (count < length - 1 && ((bytes[at + 1 + count] ?? 0) & 0xc0) === 0x80) count += 1;
  return count;
}

function decode([lead = 0, ...followers]: Uint8Array): string {
  if (followers.length === 0) return REPLACEMENT;
  const first = lead & (0x3f >> (followers.length - 1));
  const codePoint = followers.reduce((value, byte) => value * 64 + (byte & 0x3f), first);
  const isCharacter = codePoint <= 0x10ffff && (codePoint < 0xd800 || codePoint > 0xdfff);
  return isCharacter ? String.fromCodePoint(codePoint) : REPLACEMENT;
}
