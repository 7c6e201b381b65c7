import type { CodeRange } from "./grammar-rules.ts";

/** A part of a rule. `id` tells parts that are not the same apart. */
export type GrammarPart =
  | { readonly kind: "char"; readonly id: number; readonly ranges: readonly CodeRange[] }
  | { readonly kind: "rule"; readonly id: number; readonly name: string }
  | { readonly kind: "choice"; readonly id: number; readonly options: readonly (readonly GrammarPart[])[] }
  | {
      readonly kind: "repeat";
      readonly id: number;
      readonly of: GrammarPart;
      readonly least: number;
      readonly most: number;
    };

/** Each rule's options, each a sequence of parts. */
export type ParsedGrammar = ReadonlyMap<string, readonly (readonly GrammarPart[])[]>;

const ESCAPES: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" };

/** Reads the GBNF that GrammarRules writes: classes are never negated, and there are no comments. */
export function parseGrammar(gbnf: string): ParsedGrammar {
  const rules = new Map<string, readonly (readonly GrammarPart[])[]>();
  const counter = { next: 0 };
  for (const line of gbnf.split("\n")) {
    const [name, body] = splitOnce(line, " ::= ");
    if (body !== undefined) rules.set(name, new BodyParser(body, counter).options());
  }
  return rules;
}

class BodyParser {
  readonly #chars: readonly string[];
  readonly #counter: { next: number };
  #at = 0;

  constructor(body: string, counter: { next: number }) {
    this.#chars = Array.from(body);
    this.#counter = counter;
  }

  options(): readonly (readonly GrammarPart[])[] {
    const options: GrammarPart[][] = [[]];
    for (;;) {
      const char = this.#chars[this.#at];
      if (char === undefined || char === ")") return options;
      this.#at += 1;
      if (char === " ") continue;
      if (char === "|") options.push([]);
      else options.at(-1)?.push(...this.#quantified(this.#atom(char)));
    }
  }

  /** One part, or the characters of a literal. */
  #atom(char: string): readonly GrammarPart[] {
    if (char === '"') return this.#literal();
    if (char === "[") return [{ kind: "char", id: this.#id(), ranges: this.#class() }];
    if (char === "(") {
      const options = this.options();
      this.#at += 1;
      return [{ kind: "choice", id: this.#id(), options }];
    }
    let name = char;
    while (/[\w-]/u.test(this.#chars[this.#at] ?? "")) name += this.#chars[this.#at++] ?? "";
    return [{ kind: "rule", id: this.#id(), name }];
  }

  #quantified(parts: readonly GrammarPart[]): readonly GrammarPart[] {
    const [least, most] = this.#quantifier();
    if (least === 1 && most === 1) return parts;
    const [only, ...more] = parts;
    const of: GrammarPart =
      only !== undefined && more.length === 0 ? only : { kind: "choice", id: this.#id(), options: [parts] };
    return [{ kind: "repeat", id: this.#id(), of, least, most }];
  }

  #quantifier(): readonly [number, number] {
    const char = this.#chars[this.#at];
    if (char === "*" || char === "?") {
      this.#at += 1;
      return [0, char === "*" ? Infinity : 1];
    }
    if (char !== "{") return [1, 1];
    const end = this.#chars.indexOf("}", this.#at);
    const [least, most] = splitOnce(this.#chars.slice(this.#at + 1, end).join(""), ",");
    this.#at = end + 1;
    if (most === undefined) return [Number(least), Number(least)];
    return [Number(least), most === "" ? Infinity : Number(most)];
  }

  #literal(): readonly GrammarPart[] {
    const parts: GrammarPart[] = [];
    while (this.#chars[this.#at] !== '"') {
      const code = this.#code();
      parts.push({ kind: "char", id: this.#id(), ranges: [[code, code]] });
    }
    this.#at += 1;
    return parts;
  }

  #class(): readonly CodeRange[] {
    const ranges: CodeRange[] = [];
    while (this.#chars[this.#at] !== "]") {
      const first = this.#code();
      const isRange = this.#chars[this.#at] === "-" && this.#chars[this.#at + 1] !== "]";
      if (isRange) this.#at += 1;
      ranges.push([first, isRange ? this.#code() : first]);
    }
    this.#at += 1;
    return ranges;
  }

  /** The next character of a literal or a class. */
  #code(): number {
    const char = this.#chars[this.#at++] ?? "";
    if (char !== "\\") return char.codePointAt(0) ?? 0;
    const escaped = this.#chars[this.#at++] ?? "";
    if (escaped === "u" || escaped === "U") {
      const digits = escaped === "u" ? 4 : 8;
      this.#at += digits;
      return Number.parseInt(this.#chars.slice(this.#at - digits, this.#at).join(""), 16);
    }
    return (ESCAPES[escaped] ?? escaped).codePointAt(0) ?? 0;
  }

  #id(): number {
    this.#counter.next += 1;
    return this.#counter.next;
  }
}

function splitOnce(text: string, separator: string): readonly [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + separator.length)];
}
