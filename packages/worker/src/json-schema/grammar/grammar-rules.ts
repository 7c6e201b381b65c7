/** llama.cpp refuses repetitions of more than 2,000. */
const MOST_REPETITIONS = 1000;

/** More characters or items than this are not offered: no response has them, and each thousand costs a rule. */
export const MOST_REPEATED = 100_000;

/** llama.cpp writes each repetition out, on the worker's one thread; so many take a tenth of a second. */
const MOST_WRITTEN_OUT = 200_000;

/** A set of GBNF rules under construction. Bodies of rules are GBNF; `add` returns the name to use in others. */
export class GrammarRules {
  readonly #rules = new Map<string, string>();
  readonly #names = new Map<string, string>();
  readonly #paths = new Map<string, string>();
  #path = "";
  readonly #prefix: string;
  #count = 0;
  #repeated = 0;

  /** @param prefix of the rules' names, for sets that are put together */
  constructor(prefix = "r") {
    this.#prefix = prefix;
  }

  get size(): number {
    return this.#rules.size;
  }

  /** Rules that `build` makes are those of this part of a schema. */
  at<T>(path: string, build: () => T): T {
    const outer = this.#path;
    this.#path = path;
    try {
      return build();
    } finally {
      this.#path = outer;
    }
  }

  /** The part of a schema that the rule was made for. */
  pathOf(name: string): string {
    return this.#paths.get(name) ?? "";
  }

  /** The same for all rules. */
  places(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#paths);
  }

  /** A rule with this body; the same body gives the same rule. */
  add(body: string): string {
    const known = this.#names.get(body);
    if (known !== undefined) return known;
    const name = this.reserve();
    this.define(name, body);
    this.#names.set(body, name);
    return name;
  }

  /** A name for a rule that is defined later, for rules that refer to themselves. */
  reserve(): string {
    this.#count += 1;
    return `${this.#prefix}${this.#count}`;
  }

  define(name: string, body: string): void {
    this.#rules.set(name, body);
    this.#paths.set(name, this.#path);
  }

  /** `item` from `least` to `most` times. @throws RangeError for more than MOST_REPEATED that must be there */
  repeat(item: string, least: number, most: number | undefined): string {
    if (least > MOST_REPEATED) throw new RangeError(`${least} repetitions`);
    this.#repeated += Math.min(most ?? least, 3 * MOST_REPETITIONS);
    if (this.#repeated > MOST_WRITTEN_OUT) throw new RangeError("too many repetitions in all");
    const exactly = this.#exactly(item, least);
    if (most === undefined) return join(exactly, `${item}*`);
    return join(exactly, this.#upTo(item, Math.min(most - least, MOST_REPEATED)));
  }

  toString(root: string): string {
    return `root ::= ${root}\n${this.lines()}`;
  }

  /** All rules without a root. */
  lines(): string {
    return Array.from(this.#rules, ([name, body]) => `${name} ::= ${body}\n`).join("");
  }

  #exactly(item: string, count: number): string {
    if (count === 0) return "";
    if (count <= MOST_REPETITIONS) return count === 1 ? item : `${item}{${count}}`;
    const block = this.add(`${item}{${MOST_REPETITIONS}}`);
    const rest = this.#exactly(item, count % MOST_REPETITIONS);
    return join(this.#exactly(block, Math.floor(count / MOST_REPETITIONS)), rest);
  }

  /** In blocks, of which all but the last are full, so that few parses are open at any time. */
  #upTo(item: string, count: number): string {
    if (count === 0) return "";
    if (count <= MOST_REPETITIONS) return `${item}{0,${count}}`;
    const block = this.add(`${item}{${MOST_REPETITIONS}}`);
    const partial = this.add(`${item}{0,${MOST_REPETITIONS - 1}}`);
    let rule = this.add(`${item}{0,${count % MOST_REPETITIONS}}`);
    for (let blocks = Math.floor(count / MOST_REPETITIONS); blocks > 0; blocks--) {
      rule = this.add(`${partial} | ${block} ${rule}`);
    }
    return rule;
  }
}

/** A GBNF literal for exactly this text. */
export function literal(text: string): string {
  if (text === "") return '""';
  const escaped = Array.from(text, (char) => {
    const code = char.codePointAt(0) ?? 0;
    if (char === '"' || char === "\\") return `\\${char}`;
    if (code >= 0x20 && code < 0x7f) return char;
    return code > 0xffff ? `\\U${hex(code, 8)}` : `\\u${hex(code, 4)}`;
  });
  return `"${escaped.join("")}"`;
}

/** Code points from `first` to `last`, both included. */
export type CodeRange = readonly [first: number, last: number];

export function hasCode(ranges: readonly CodeRange[], code: number): boolean {
  return ranges.some(([first, last]) => first <= code && code <= last);
}

/** A GBNF class of these code points. */
export function charClass(ranges: readonly CodeRange[]): string {
  const parts = ranges.map(([first, last]) => (first === last ? code(first) : `${code(first)}-${code(last)}`));
  return `[${parts.join("")}]`;
}

/** Always escaped: no character means anything in a class then. */
function code(point: number): string {
  return point > 0xffff ? `\\U${hex(point, 8)}` : `\\u${hex(point, 4)}`;
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, "0");
}

function join(first: string, second: string): string {
  return [first, second].filter((part) => part !== "").join(" ") || '""';
}
