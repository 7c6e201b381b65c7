import { type ConfigPosition, NginxConfigError } from "../errors.ts";
import { endOfLuaBlock } from "./lua-block.ts";

/** One directive's words up to its `;` or `{`, or the end of a block or of the text. */
export type Sentence =
  | { readonly end: ";" | "{"; readonly words: readonly string[]; readonly line: number }
  | { readonly end: "}"; readonly line: number }
  | { readonly end: "eof"; readonly line: number };

/** nginx reads through a buffer of this size (`NGX_CONF_BUFFER`), so no word may be longer. */
const longestWord = 4096;

/**
 * Yields the sentences of a configuration text by the rules of nginx's `ngx_conf_read_token`.
 *
 * A word ends at white space, `;` or `{`; `{` right after `$` belongs to the word (`${name}`). Quotes open a word only at its
 * start, and what follows the closing quote must be white space, `;`, `{` or `)`. A backslash keeps the next character
 * from ending the word; `\"`, `\'`, `\\`, `\t`, `\r`, `\n` are replaced, and any other pair stays as it is. `#` starts a comment only
 * where a word could start.
 *
 * @throws NginxConfigError (`NGINX_CONFIG`) with nginx's message and the line it would name.
 */
export function* readSentences(text: string, file: string): Generator<Sentence, void, void> {
  const reader = new Reader(text, file);
  for (;;) {
    const sentence = reader.next();
    yield sentence;
    if (sentence.end === "eof") return;
  }
}

class Reader {
  readonly #text: string;
  readonly #file: string;
  #at = 0;
  #line = 1;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  next(): Sentence {
    const words: string[] = [];
    let line = this.#line;
    for (;;) {
      this.#skipBlanksAndComments();
      const ch = this.#text[this.#at];
      if (ch === undefined) {
        if (words.length > 0) throw this.#error('unexpected end of file, expecting ";" or "}"');
        return { end: "eof", line: this.#line };
      }
      if (ch === ";" || ch === "{") {
        if (words.length === 0) throw this.#error(`unexpected "${ch}"`);
        this.#at += 1;
        if (ch === "{" && words[0]?.endsWith("_by_lua_block") === true) return this.#skipLua(words);
        return { end: ch, words, line: this.#line };
      }
      if (ch === "}") {
        if (words.length > 0) throw this.#error('unexpected "}"');
        this.#at += 1;
        return { end: "}", line: this.#line };
      }
      if (words.length === 0) line = this.#line;
      words.push(ch === '"' || ch === "'" ? this.#quotedWord(ch) : this.#plainWord());
      if (words.length > longestSentence) throw NginxConfigError.at(this.#position(line), "too many parameters");
    }
  }

  /** The Lua itself is no matter. */
  #skipLua(words: readonly string[]): Sentence {
    const sentence: Sentence = { end: ";", words, line: this.#line };
    const end = endOfLuaBlock(this.#text, this.#at);
    if (end === undefined) throw this.#error('unexpected end of file, expecting "}"');
    while (this.#at < end) this.#step();
    return sentence;
  }

  #skipBlanksAndComments(): void {
    for (;;) {
      const ch = this.#text[this.#at];
      if (ch === "#") {
        while (this.#at < this.#text.length && this.#text[this.#at] !== "\n") this.#at += 1;
      } else if (ch !== undefined && isBlank(ch)) {
        this.#step();
      } else {
        return;
      }
    }
  }

  #plainWord(): string {
    const start = this.#at;
    const startLine = this.#line;
    let afterDollar = false;
    while (this.#at < this.#text.length) {
      const ch = this.#text[this.#at] ?? "";
      if (ch === "\\") {
        afterDollar = false;
        this.#step();
        this.#step();
      } else if (ch === "{" && afterDollar) {
        // nginx leaves its "after a $" state on, so "${{" is one word too.
        this.#step();
      } else if (isBlank(ch) || ch === ";" || ch === "{") {
        return unescape(this.#text.slice(start, this.#at));
      } else {
        afterDollar = ch === "$";
        this.#step();
      }
      this.#checkLength(start, startLine, undefined);
    }
    throw this.#error('unexpected end of file, expecting ";" or "}"');
  }

  #quotedWord(quote: '"' | "'"): string {
    const startLine = this.#line;
    this.#at += 1;
    const start = this.#at;
    while (this.#at < this.#text.length) {
      const ch = this.#text[this.#at] ?? "";
      if (ch === quote) {
        const word = unescape(this.#text.slice(start, this.#at));
        this.#at += 1;
        this.#checkAfterQuote();
        return word;
      }
      if (ch === "\\") this.#step();
      this.#step();
      this.#checkLength(start, startLine, quote);
    }
    throw this.#error('unexpected end of file, expecting ";" or "}"');
  }

  #checkAfterQuote(): void {
    const ch = this.#text[this.#at];
    if (ch === undefined) throw this.#error('unexpected end of file, expecting ";" or "}"');
    // A ")" right after a quote starts a new word: `if ($a = "b")` ends that way.
    if (!isBlank(ch) && ch !== ";" && ch !== "{" && ch !== ")") throw this.#error(`unexpected "${ch}"`);
  }

  #checkLength(start: number, startLine: number, quote: string | undefined): void {
    if (this.#at - start < longestWord) return;
    const position = this.#position(startLine);
    if (quote !== undefined) {
      throw NginxConfigError.at(position, `too long parameter, probably missing terminating "${quote}" character`);
    }
    throw NginxConfigError.at(
      position,
      `too long parameter "${this.#text.slice(start, start + 10).replace(/[^\x20-\x7e]/g, "?")}..." started`,
    );
  }

  #step(): void {
    if (this.#text[this.#at] === "\n") this.#line += 1;
    this.#at += 1;
  }

  #position(line: number): ConfigPosition {
    return { file: this.#file, line };
  }

  #error(message: string): NginxConfigError {
    return NginxConfigError.at(this.#position(this.#line), message);
  }
}

/** nginx has no such limit; this one keeps a hostile file from filling memory with one sentence. */
const longestSentence = 65_536;

function isBlank(ch: string): boolean {
  return ch === " " || ch === "\t" || ch === "\r" || ch === "\n";
}

const escapes: Readonly<Record<string, string>> = { '"': '"', "'": "'", "\\": "\\", t: "\t", r: "\r", n: "\n" };

function unescape(raw: string): string {
  if (!raw.includes("\\")) return raw;
  return raw.replace(/\\([\s\S])/g, (pair, ch: string) => escapes[ch] ?? pair);
}
