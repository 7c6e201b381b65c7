import type { CodeRange } from "../grammar/grammar-rules.ts";

export type RegexNode =
  | { readonly kind: "class"; readonly ranges: readonly CodeRange[] }
  | { readonly kind: "sequence"; readonly parts: readonly RegexNode[] }
  | { readonly kind: "choice"; readonly options: readonly RegexNode[] }
  | { readonly kind: "repeat"; readonly of: RegexNode; readonly least: number; readonly most: number | undefined };

export interface ParsedRegex {
  readonly node: RegexNode;
  /** No `^`: a match may begin anywhere. */
  readonly startsAnywhere: boolean;
  readonly endsAnywhere: boolean;
}

/** A pattern that is no regular expression, or that a grammar can't say. */
export class UnsupportedPattern extends Error {}

const LAST = 0x10ffff;
const DIGIT: readonly CodeRange[] = [[0x30, 0x39]];
const WORD: readonly CodeRange[] = [...DIGIT, [0x41, 0x5a], [0x5f, 0x5f], [0x61, 0x7a]];
const SPACE: readonly CodeRange[] = [
  [0x09, 0x0d],
  [0x20, 0x20],
  [0xa0, 0xa0],
  [0x1680, 0x1680],
  [0x2000, 0x200a],
  [0x2028, 0x2029],
  [0x202f, 0x202f],
  [0x205f, 0x205f],
  [0x3000, 0x3000],
  [0xfeff, 0xfeff],
];
const LINE_END: readonly CodeRange[] = [
  [0x0a, 0x0a],
  [0x0d, 0x0d],
  [0x2028, 0x2029],
];
const CONTROL: Readonly<Record<string, number>> = { t: 9, n: 10, v: 11, f: 12, r: 13, "0": 0 };

/** @throws UnsupportedPattern */
export function parseRegex(pattern: string): ParsedRegex {
  assertRegex(pattern);
  const parser = new RegexParser(pattern);
  const first = parser.anchored();
  const options = [first];
  while (parser.take("|")) options.push(parser.anchored());
  if (!parser.atEnd)
    throw new UnsupportedPattern("^ and $ are supported only at the very beginning and end of an option");
  const { startsAnywhere, endsAnywhere } = first;
  // `^a|b$` anchors only one side of each option.
  if (options.some((option) => option.startsAnywhere !== startsAnywhere || option.endsAnywhere !== endsAnywhere)) {
    throw new UnsupportedPattern("put the options between ^ and $ in a group: ^(a|b)$");
  }
  const nodes = options.map(({ node }) => node);
  return { ...first, node: nodes.length === 1 ? first.node : { kind: "choice", options: nodes } };
}

function assertRegex(pattern: string): void {
  try {
    RegExp(pattern, "u");
  } catch {
    throw new UnsupportedPattern("it is no regular expression of JavaScript with the u flag");
  }
}

class RegexParser {
  readonly #chars: readonly string[];
  #at = 0;

  constructor(pattern: string) {
    this.#chars = Array.from(pattern);
  }

  get atEnd(): boolean {
    return this.#at === this.#chars.length;
  }

  take(char: string): boolean {
    if (this.#chars[this.#at] !== char) return false;
    this.#at += 1;
    return true;
  }

  /** One of the options that the pattern is made of. */
  anchored(): ParsedRegex {
    const startsAnywhere = !this.take("^");
    const node = this.#sequence();
    return { node, startsAnywhere, endsAnywhere: !this.take("$") };
  }

  #choice(): RegexNode {
    const options = [this.#sequence()];
    while (this.take("|")) options.push(this.#sequence());
    const [only] = options;
    return options.length === 1 && only !== undefined ? only : { kind: "choice", options };
  }

  #sequence(): RegexNode {
    const parts: RegexNode[] = [];
    for (;;) {
      const next = this.#chars[this.#at];
      if (next === undefined || next === "|" || next === ")" || next === "$" || next === "^") break;
      parts.push(this.#quantified(this.#atom()));
    }
    return { kind: "sequence", parts };
  }

  #atom(): RegexNode {
    const char = this.#next();
    if (char === "(") return this.#group();
    if (char === "[") return { kind: "class", ranges: this.#class() };
    if (char === ".") return { kind: "class", ranges: complement(LINE_END) };
    if (char === "\\") return { kind: "class", ranges: this.#escape() };
    return { kind: "class", ranges: single(char) };
  }

  #group(): RegexNode {
    if (this.take("?")) {
      if (this.take("<")) {
        if (this.#chars[this.#at] === "=" || this.#chars[this.#at] === "!") throw new UnsupportedPattern("look-behind");
        while (!this.take(">")) this.#next();
      } else if (!this.take(":")) throw new UnsupportedPattern("look-ahead and flags in groups are not supported");
    }
    const node = this.#choice();
    if (!this.take(")")) throw new UnsupportedPattern("^ and $ are supported only at its very beginning and end");
    return node;
  }

  #quantified(of: RegexNode): RegexNode {
    const [least, most] = this.#quantifier() ?? [1, 1];
    // A lazy quantifier matches the same texts.
    if (least !== 1 || most !== 1) this.take("?");
    return least === 1 && most === 1 ? of : { kind: "repeat", of, least, most };
  }

  #quantifier(): readonly [number, number | undefined] | undefined {
    if (this.take("*")) return [0, undefined];
    if (this.take("+")) return [1, undefined];
    if (this.take("?")) return [0, 1];
    if (!this.take("{")) return undefined;
    let text = "";
    while (!this.take("}")) text += this.#next();
    const [least = "0", most = least] = text.split(",");
    return [Number(least), most === "" ? undefined : Number(most)];
  }

  #class(): readonly CodeRange[] {
    const negated = this.take("^");
    const ranges: CodeRange[] = [];
    while (!this.take("]")) {
      const first = this.#classAtom();
      const [begin] = first;
      const isRange = this.#chars[this.#at] === "-" && this.#chars[this.#at + 1] !== "]";
      if (!isRange || first.length !== 1 || begin === undefined) {
        ranges.push(...first);
        continue;
      }
      this.#at += 1;
      const end = this.#classAtom()[0];
      ranges.push([begin[0], end?.[1] ?? begin[1]]);
    }
    return negated ? complement(ranges) : ranges;
  }

  #classAtom(): readonly CodeRange[] {
    const char = this.#next();
    if (char !== "\\") return single(char);
    return this.take("b") ? single("\b") : this.#escape();
  }

  #escape(): readonly CodeRange[] {
    const char = this.#next();
    if (char === "d") return DIGIT;
    if (char === "D") return complement(DIGIT);
    if (char === "w") return WORD;
    if (char === "W") return complement(WORD);
    if (char === "s") return SPACE;
    if (char === "S") return complement(SPACE);
    if (char === "x") return point(Number.parseInt(this.#next() + this.#next(), 16));
    if (char === "u") return point(this.#unicode());
    const control = CONTROL[char];
    if (control !== undefined) return point(control);
    if (/[a-zA-Z1-9]/u.test(char)) throw new UnsupportedPattern(`\\${char} is not supported`);
    return single(char);
  }

  #unicode(): number {
    let text = "";
    if (this.take("{")) while (!this.take("}")) text += this.#next();
    else for (let digit = 0; digit < 4; digit++) text += this.#next();
    return Number.parseInt(text, 16);
  }

  #next(): string {
    const char = this.#chars[this.#at];
    if (char === undefined) throw new UnsupportedPattern("it ends too early");
    this.#at += 1;
    return char;
  }
}

function single(char: string): readonly CodeRange[] {
  return point(char.codePointAt(0) ?? 0);
}

function point(code: number): readonly CodeRange[] {
  return [[code, code]];
}

function complement(ranges: readonly CodeRange[]): readonly CodeRange[] {
  const result: CodeRange[] = [];
  let from = 0;
  for (const [first, last] of ranges.toSorted((a, b) => a[0] - b[0])) {
    if (first > from) result.push([from, first - 1]);
    from = Math.max(from, last + 1);
  }
  return from <= LAST ? [...result, [from, LAST]] : result;
}
