import { type GrammarPart, type ParsedGrammar, parseGrammar } from "./grammar-parser.ts";
import { type CodeRange, hasCode } from "./grammar-rules.ts";
import { GrammarWalk, type Rest } from "./grammar-walk.ts";
import { type Lengths, partLength, ruleLengths, sequenceLength } from "./rule-lengths.ts";

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

function charOf(ranges: readonly CodeRange[]): string {
  const preferred = PREFERRED.find((code) => hasCode(ranges, code));
  return String.fromCodePoint(preferred ?? ranges[0]?.[0] ?? 0x20);
}
