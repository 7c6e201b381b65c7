import { type ConfigPosition, NginxConfigError } from "../errors.ts";
import { endOfLuaBlock } from "./lua-block.ts";

/** One directive's words up to its `;` or `{`, or the end of a block or of the text. */
export type Sentence =
  | { readonly end: ";" | "{"; readonly words: readonly string[]; readonly position: ConfigPosition }
  | { readonly end: "}"; readonly position: ConfigPosition }
  | { readonly end: "eof"; readonly position: ConfigPosition };

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
      while (this.#take(blanks) !== "" || this.#take(comment) !== "");
      const ch = this.#text[this.#at];
      if (ch === undefined) {
        if (words.length > 0) throw this.#error(endOfFile);
        return { end: "eof", position: this.#position() };
      }
      if (ch === ";" || ch === "{") {
        if (words.length === 0) throw this.#error(`unexpected "${ch}"`);
        this.#at += 1;
        if (ch === "{" && words[0]?.endsWith("_by_lua_block") === true) return this.#skipLua(words);
        return { end: ch, words, position: this.#position() };
      }
      if (ch === "}") {
        if (words.length > 0) throw this.#error('unexpected "}"');
        this.#at += 1;
        return { end: "}", position: this.#position() };
      }
      if (words.length === 0) line = this.#line;
      words.push(ch === '"' || ch === "'" ? this.#quotedWord(ch) : this.#plainWord());
      if (words.length > longestSentence) throw this.#error("too many parameters", line);
    }
  }

  /** The Lua itself is no matter. */
  #skipLua(words: readonly string[]): Sentence {
    const sentence: Sentence = { end: ";", words, position: this.#position() };
    const end = endOfLuaBlock(this.#text, this.#at);
    if (end === undefined) throw this.#error('unexpected end of file, expecting "}"');
    this.#moveTo(end);
    return sentence;
  }

  #plainWord(): string {
    const line = this.#line;
    const word = this.#take(plainWord);
    if (word.length >= longestWord) {
      const start = word.slice(0, 10).replace(/[^\x20-\x7e]/g, "?");
      throw this.#error(`too long parameter "${start}..." started`, line);
    }
    if (this.#at >= this.#text.length) throw this.#error(endOfFile);
    return unescape(word);
  }

  #quotedWord(quote: '"' | "'"): string {
    const line = this.#line;
    this.#at += 1;
    const word = this.#take(inQuotes[quote]);
    if (word.length >= longestWord) {
      throw this.#error(`too long parameter, probably missing terminating "${quote}" character`, line);
    }
    if (this.#text[this.#at] !== quote) throw this.#error(endOfFile);
    this.#at += 1;
    const ch = this.#text[this.#at];
    if (ch === undefined) throw this.#error(endOfFile);
    // A ")" right after a quote starts a new word: `if ($a = "b")` ends that way.
    if (!/[ \t\r\n;{)]/.test(ch)) throw this.#error(`unexpected "${ch}"`);
    return unescape(word);
  }

  /** What matches from here on; reading continues behind it. */
  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const [found = ""] = pattern.exec(this.#text) ?? [];
    this.#moveTo(this.#at + found.length);
    return found;
  }

  #moveTo(end: number): void {
    for (; this.#at < end; this.#at += 1) if (this.#text[this.#at] === "\n") this.#line += 1;
  }

  #position(line = this.#line): ConfigPosition {
    return { file: this.#file, line };
  }

  #error(message: string, line = this.#line): NginxConfigError {
    return NginxConfigError.at(this.#position(line), message);
  }
}

const endOfFile = 'unexpected end of file, expecting ";" or "}"';
const blanks = /[ \t\r\n]+/y;
const comment = /#[^\n]*/y;
// Words that are longer than the buffer are refused; to match all of one could take more stack than there is.
// nginx leaves its "after a $" state on, so "${{" is one word too.
const plainWord = /(?:\\[^]?|\$\{*|[^\\$ \t\r\n;{]){0,4096}/y;
const inQuotes = { '"': /(?:\\[^]?|[^"\\]){0,4096}/y, "'": /(?:\\[^]?|[^'\\]){0,4096}/y };

/** nginx has no such limit; this one keeps a hostile file from filling memory with one sentence. */
const longestSentence = 65_536;

const escapes: Readonly<Record<string, string>> = { '"': '"', "'": "'", "\\": "\\", t: "\t", r: "\r", n: "\n" };

function unescape(raw: string): string {
  if (!raw.includes("\\")) return raw;
  return raw.replace(/\\([\s\S])/g, (pair, ch: string) => escapes[ch] ?? pair);
}
