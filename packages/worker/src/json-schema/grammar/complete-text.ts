import { type GrammarPart, type ParsedGrammar, parseGrammar } from "./grammar-parser.ts";

/** What is still to come, first to last; undefined: nothing. Lists with the same parts are the same object. */
interface Rest {
  readonly part: GrammarPart;
  readonly after: Rest | undefined;
  readonly id: number;
}

type Lengths = ReadonlyMap<string, number>;

/** Characters to take where any will do, the first that fits. */
const PREFERRED = [0x30, 0x61, 0x41, 0x20];
const MOST_OPEN = 2_000;
/** Parts that are looked at for one text: a few tenths of a second. */
const MOST_STEPS = 2_000_000;
const MOST_CHARS = 10_000;

/**
 * The shortest text that completes a beginning: `beginning + result` is a text of the grammar.
 *
 * @returns undefined where the beginning is none of the grammar's, or more than 10,000 characters are missing.
 */
export function completeText(gbnf: string, beginning: string): string | undefined {
  const grammar = parseGrammar(gbnf);
  const walk = new GrammarWalk(grammar);
  let open = walk.expand([walk.start()]);
  for (const char of beginning) {
    open = walk.advance(open, char.codePointAt(0) ?? 0);
    if (open.size === 0 || open.size > MOST_OPEN || walk.steps > MOST_STEPS) return undefined;
  }
  // Sorting would put it last.
  if (open.has(undefined)) return "";
  const lengths = ruleLengths(grammar);
  const [shortest] = [...open].toSorted((a, b) => restLength(a, lengths) - restLength(b, lengths));
  if (restLength(shortest, lengths) > MOST_CHARS) return undefined;
  let text = "";
  for (let rest = shortest; rest !== undefined; rest = rest.after) text += shortestText(rest.part, grammar, lengths);
  return text;
}

/** All parses of a text at once, as llama.cpp does it: each is the list of what it still expects. */
class GrammarWalk {
  readonly #grammar: ParsedGrammar;
  readonly #rests = new Map<string, Rest>();
  readonly #repeats = new Map<string, GrammarPart>();
  steps = 0;

  constructor(grammar: ParsedGrammar) {
    this.#grammar = grammar;
  }

  start(): Rest | undefined {
    return this.#rest({ kind: "rule", id: 0, name: "root" }, undefined);
  }

  advance(open: ReadonlySet<Rest | undefined>, code: number): ReadonlySet<Rest | undefined> {
    const next: (Rest | undefined)[] = [];
    for (const rest of open) {
      if (rest?.part.kind === "char" && rest.part.ranges.some(([first, last]) => first <= code && code <= last)) {
        next.push(rest.after);
      }
    }
    return this.expand(next);
  }

  /** The same parses with a character, or nothing, as what they expect first. */
  expand(rests: readonly (Rest | undefined)[]): ReadonlySet<Rest | undefined> {
    const seen = new Set<Rest | undefined>();
    const open = new Set<Rest | undefined>();
    const waiting = [...rests];
    while (waiting.length > 0) {
      const rest = waiting.pop();
      this.steps += 1;
      if (seen.has(rest)) continue;
      seen.add(rest);
      if (rest === undefined || rest.part.kind === "char") open.add(rest);
      else waiting.push(...this.#openUp(rest.part, rest.after));
    }
    return open;
  }

  #openUp(
    part: Exclude<GrammarPart, { readonly kind: "char" }>,
    after: Rest | undefined,
  ): readonly (Rest | undefined)[] {
    if (part.kind === "repeat") {
      const skipped = part.least === 0 ? [after] : [];
      if (part.most === 0) return [after];
      return [...skipped, this.#rest(part.of, this.#rest(this.#fewer(part), after))];
    }
    const options = part.kind === "choice" ? part.options : (this.#grammar.get(part.name) ?? []);
    return options.map((option) => option.reduceRight<Rest | undefined>((rest, one) => this.#rest(one, rest), after));
  }

  #fewer(part: Extract<GrammarPart, { readonly kind: "repeat" }>): GrammarPart {
    const least = Math.max(0, part.least - 1);
    const most = part.most - 1;
    const key = `${part.of.id} ${least} ${most}`;
    const known = this.#repeats.get(key);
    if (known !== undefined) return known;
    // Ids of parsed parts are positive.
    const fewer = { ...part, least, most, id: -1 - this.#repeats.size };
    this.#repeats.set(key, fewer);
    return fewer;
  }

  #rest(part: GrammarPart, after: Rest | undefined): Rest {
    const key = `${part.kind === "rule" ? part.name : part.id} ${after?.id ?? ""}`;
    const known = this.#rests.get(key);
    if (known !== undefined) return known;
    const rest = { part, after, id: this.#rests.size };
    this.#rests.set(key, rest);
    return rest;
  }
}

/** Characters of each rule's shortest text; rules are looked at until nothing gets shorter. */
function ruleLengths(grammar: ParsedGrammar): Lengths {
  const lengths = new Map<string, number>();
  for (let changed = true; changed; ) {
    changed = false;
    for (const [name, options] of grammar) {
      const shortest = Math.min(...options.map((option) => sequenceLength(option, lengths)));
      if (shortest < (lengths.get(name) ?? Infinity)) {
        lengths.set(name, shortest);
        changed = true;
      }
    }
  }
  return lengths;
}

function partLength(part: GrammarPart, lengths: Lengths): number {
  if (part.kind === "char") return 1;
  if (part.kind === "rule") return lengths.get(part.name) ?? Infinity;
  if (part.kind === "choice") return Math.min(...part.options.map((option) => sequenceLength(option, lengths)));
  return part.least === 0 ? 0 : part.least * partLength(part.of, lengths);
}

function sequenceLength(parts: readonly GrammarPart[], lengths: Lengths): number {
  return parts.reduce((sum, part) => sum + partLength(part, lengths), 0);
}

function restLength(rest: Rest | undefined, lengths: Lengths): number {
  let length = 0;
  for (let at = rest; at !== undefined; at = at.after) length += partLength(at.part, lengths);
  return length;
}

function shortestText(part: GrammarPart, grammar: ParsedGrammar, lengths: Lengths): string {
  if (part.kind === "char") return charOf(part.ranges);
  if (part.kind === "repeat") {
    return part.least === 0 ? "" : shortestText(part.of, grammar, lengths).repeat(part.least);
  }
  const options = part.kind === "choice" ? part.options : (grammar.get(part.name) ?? []);
  const [shortest = []] = options.toSorted((a, b) => sequenceLength(a, lengths) - sequenceLength(b, lengths));
  return shortest.map((one) => shortestText(one, grammar, lengths)).join("");
}

function charOf(ranges: readonly (readonly [number, number])[]): string {
  const preferred = PREFERRED.find((code) => ranges.some(([first, last]) => first <= code && code <= last));
  return String.fromCodePoint(preferred ?? ranges[0]?.[0] ?? 0x20);
}
