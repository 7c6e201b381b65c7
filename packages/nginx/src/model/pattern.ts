/** A PCRE pattern as two other engines write it. */
export interface TranslatedPattern {
  /** For JavaScript's `RegExp`. */
  readonly source: string;
  readonly flags: string;
  /** For RE2, on texts that do not end in a line feed. It may have what RE2 does not know. */
  readonly linear: string;
}

/**
 * Translates a PCRE pattern, as nginx compiles it (bytes, no options but caseless), to patterns that match the same.
 *
 * Different in JavaScript, and translated: `$` (also before a last newline), `.` (all but \n), `\s \S \h \H \A \z \Z \a \e \Q…\E`, POSIX classes,
 * `]` first in a class, `(?P<n>…)`, `(?'n'…)`, `(?#…)`, leading `(?i)` and `(?s)`. Not possible, and reported: possessive
 * quantifiers, atomic groups, conditions, recursion, `\K`, `\G`, `(*VERB)`, options in the middle.
 *
 * @throws Untranslatable for these, and another Error for what PCRE would not take either
 */
export function translatePattern(pattern: string, caseless: boolean): TranslatedPattern {
  const reader = new PatternReader(pattern, caseless);
  reader.read();
  return { source: reader.source, flags: reader.flags, linear: reader.linear };
}

/** PCRE can, JavaScript cannot. */
export class Untranslatable extends Error {}

const posixClasses: Readonly<Record<string, string>> = {
  alpha: "a-zA-Z",
  digit: "0-9",
  alnum: "a-zA-Z0-9",
  upper: "A-Z",
  lower: "a-z",
  space: "\\t-\\r ",
  blank: "\\t ",
  punct: "!-\\/:-@\\[-`{-~",
  xdigit: "0-9A-Fa-f",
  word: "\\w",
  cntrl: "\\x00-\\x1f\\x7f",
  print: " -~",
  graph: "!-~",
  ascii: "\\x00-\\x7f",
};

/** What other letters of escapes stand for in a class, and in one of their own outside. */
const classEscapes: Readonly<Record<string, string>> = {
  s: "\\t-\\r ",
  S: "\\x00-\\x08\\x0e-\\x1f!-\\xff",
  h: "\\t \\xa0",
  a: "\\x07",
  e: "\\x1b",
};

class PatternReader {
  source = "";
  linear = "";
  flags = "";
  #rest: string;

  constructor(pattern: string, caseless: boolean) {
    this.#rest = pattern;
    if (caseless) this.flags = "i";
  }

  read(): void {
    while (this.#leadingFlags());
    while (this.#rest !== "") this.#piece();
  }

  #leadingFlags(): boolean {
    const [all, letters = ""] = /^\(\?([a-zA-Z]+)\)/.exec(this.#rest) ?? [];
    if (all === undefined) return false;
    for (const letter of letters.split("")) {
      if (letter !== "i" && letter !== "s" && letter !== "m") throw new Untranslatable(`the option "(?${letter})"`);
      if (!this.flags.includes(letter)) this.flags += letter;
    }
    this.#rest = this.#rest.slice(all.length);
    return true;
  }

  #piece(): void {
    const ch = this.#rest[0];
    if (ch === "\\") this.#escape();
    else if (ch === "[") this.#class();
    else if (ch === "(") this.#group();
    else if (ch === "$") this.#emitEnd(1);
    else if (ch === "^" && this.flags.includes("m")) this.#emit(1, "(?<![^\\n])", "^");
    else if (ch === "." && !this.flags.includes("s")) this.#emit(1, "[^\\n]");
    else if (/^(?:[*+?]|\{\d+(?:,\d*)?\})\+/.test(this.#rest)) throw new Untranslatable("possessive quantifiers");
    else this.#emit(1, ch ?? "");
  }

  #emit(length: number, text: string, linear = text): void {
    this.source += text;
    this.linear += linear;
    this.#rest = this.#rest.slice(length);
  }

  /** The end of the text, or the line feed that ends it; RE2 has no such thing, and gets no text with one. */
  #emitEnd(length: number): void {
    if (this.flags.includes("m")) this.#emit(length, "(?=\\n|(?![^]))", "$");
    else this.#emit(length, "(?=\\n?(?![^]))", "\\z");
  }

  #escape(): void {
    const [quoted, literal = ""] = /^\\Q([\s\S]*?)(?:\\E|$)/.exec(this.#rest) ?? [];
    if (quoted !== undefined) {
      this.#emit(quoted.length, literal.replace(/[$()*+.?[\\\]^{|}]/g, "\\$&"));
      return;
    }
    const [reference, number = ""] = /^\\g\{?(\d+)\}?/.exec(this.#rest) ?? [];
    if (reference !== undefined) {
      this.#emit(reference.length, `(?:\\${number})`);
      return;
    }
    const ch = this.#rest[1] ?? "";
    if (ch === "") throw new Error("\\ at end of pattern");
    if (/[KGRXCpPgEN]/.test(ch)) throw new Untranslatable(`"\\${ch}"`);
    if (ch === "Z") this.#emitEnd(2);
    else if (ch === "z") this.#emit(2, "(?![^])", "\\z");
    else if (ch === "A") this.#emit(2, "(?<![^])", "\\A");
    else if (ch === "H") this.#emit(2, "[^\\t \\xa0]");
    else this.#emit(2, classEscapes[ch] === undefined ? `\\${ch}` : `[${classEscapes[ch]}]`);
  }

  #class(): void {
    const [open = "["] = /^\[\^?\]?/.exec(this.#rest) ?? [];
    this.#emit(open.length, open.replace("]", "\\]"));
    for (;;) {
      const [posix, name = ""] = /^\[:(\w+):\]/.exec(this.#rest) ?? [];
      if (this.#rest === "") throw new Error("missing terminating ] for character class");
      if (posix !== undefined) {
        const members = posixClasses[name];
        if (members === undefined) throw new Error("unknown POSIX class name");
        this.#emit(posix.length, members);
      } else if (this.#rest.startsWith("\\")) {
        const ch = this.#rest[1] ?? "";
        if (/[pPXRHQE]/.test(ch)) throw new Untranslatable(`"\\${ch}" in a class`);
        this.#emit(2, classEscapes[ch] ?? `\\${ch}`);
      } else if (this.#rest.startsWith("]")) {
        this.#emit(1, "]");
        return;
      } else {
        this.#emit(1, this.#rest.startsWith("[") ? "\\[" : (this.#rest[0] ?? ""));
      }
    }
  }

  #group(): void {
    const [comment] = /^\(\?#[^)]*\)/.exec(this.#rest) ?? [];
    const [named, angled, quoted] = /^\(\?(?:P?<([A-Za-z_]\w*)>|'([A-Za-z_]\w*)')/.exec(this.#rest) ?? [];
    const [plain] = /^\((?!\?|\*)|^\(\?(?:[:=!]|<[=!])/.exec(this.#rest) ?? [];
    if (comment !== undefined) {
      this.#emit(comment.length, "");
    } else if (named !== undefined) {
      const name = angled ?? quoted ?? "";
      this.#emit(named.length, `(?<${name}>`);
    } else if (plain !== undefined) {
      this.#emit(plain.length, plain);
    } else {
      throw new Untranslatable(`"${this.#rest.slice(0, 4)}"`);
    }
  }
}
