import type { Alphabet } from "../grammar/alphabet.ts";
import { type CodeRange, type GrammarRules, MOST_REPEATED } from "../grammar/grammar-rules.ts";
import { simplifyRegex } from "./simplify-regex.ts";
import { type ParsedRegex, type RegexNode, UnsupportedPattern, parseRegex } from "./regex-parser.ts";

/**
 * GBNF of texts that match the pattern, and have so many characters: repetitions without end get one, and one is long enough.
 *
 * @throws UnsupportedPattern for what a grammar can't say (look-around, back references, a pattern that is longer by itself …).
 */
export function patternRule(
  rules: GrammarRules,
  alphabet: Alphabet,
  pattern: string,
  { least = 0, most }: { readonly least?: number; readonly most?: number | undefined } = {},
): string {
  const parsed = longEnough(parseRegex(pattern), least);
  const longest = lengthsOfAll(parsed)[1];
  const ends = most === undefined || longest <= most ? undefined : roomOf(parsed, most);
  const char = alphabet.char(rules);
  const rest = ends === undefined ? `${char}*` : `${char}{0,${ends}}`;
  const node = ends === undefined ? parsed.node : withEnds(parsed.node, ends);
  if (ends !== undefined && lengthsOf(node)[1] + ends * openSides(parsed) > (most ?? Infinity)) throw tooLong();
  const body = [
    parsed.startsAnywhere ? rest : "",
    ruleOf(rules, alphabet, simplifyRegex(node)),
    parsed.endsAnywhere ? rest : "",
  ];
  return rules.add(body.filter((part) => part !== "").join(" "));
}

/** Texts that match have at least so many characters: one of the repetitions is longer. */
function longEnough(parsed: ParsedRegex, least: number): ParsedRegex {
  const missing = least - lengthsOf(parsed.node)[0];
  if (missing <= 0) return parsed;
  const node = withMore(parsed.node, missing);
  if (node === undefined) throw new UnsupportedPattern("together with minLength it must keep to it by itself");
  return { ...parsed, node };
}

/** The first repetition that can have so many more characters has them. */
function withMore(node: RegexNode, missing: number): RegexNode | undefined {
  if (node.kind === "repeat") {
    const least = node.least + Math.ceil(missing / lengthsOf(node.of)[0]);
    return least <= (node.most ?? MOST_REPEATED) ? { ...node, least } : undefined;
  }
  if (node.kind !== "sequence") return undefined;
  for (const [index, part] of node.parts.entries()) {
    const longer = withMore(part, missing);
    if (longer !== undefined) return { ...node, parts: node.parts.with(index, longer) };
  }
  return undefined;
}

/** Characters that each repetition without end may have. */
function roomOf(parsed: ParsedRegex, most: number): number {
  const open = openSides(parsed) + endless(parsed.node);
  const [least] = lengthsOf(parsed.node);
  if (open === 0 || least > most) throw tooLong();
  return Math.floor((most - least) / open);
}

function openSides({ startsAnywhere, endsAnywhere }: ParsedRegex): number {
  return Number(startsAnywhere) + Number(endsAnywhere);
}

function tooLong(): UnsupportedPattern {
  return new UnsupportedPattern("together with maxLength it must keep to it by itself");
}

function endless(node: RegexNode): number {
  if (node.kind === "class") return 0;
  if (node.kind === "repeat") return (node.most === undefined ? 1 : 0) + endless(node.of);
  return (node.kind === "choice" ? node.options : node.parts).reduce((sum, part) => sum + endless(part), 0);
}

function withEnds(node: RegexNode, room: number): RegexNode {
  if (node.kind === "class") return node;
  if (node.kind === "repeat") return { ...node, of: withEnds(node.of, room), most: node.most ?? node.least + room };
  if (node.kind === "choice") return { ...node, options: node.options.map((option) => withEnds(option, room)) };
  return { ...node, parts: node.parts.map((part) => withEnds(part, room)) };
}

/** Fewest and most characters of texts that match; Infinity where there is no most. */
export function patternLengths(pattern: string): readonly [number, number] {
  return lengthsOfAll(parseRegex(pattern));
}

function lengthsOfAll({ node, startsAnywhere, endsAnywhere }: ParsedRegex): readonly [number, number] {
  const [least, most] = lengthsOf(node);
  return [least, startsAnywhere || endsAnywhere ? Infinity : most];
}

function lengthsOf(node: RegexNode): readonly [number, number] {
  if (node.kind === "class") return [1, 1];
  if (node.kind === "repeat") {
    const [least, most] = lengthsOf(node.of);
    return [least * node.least, most === 0 ? 0 : most * (node.most ?? Infinity)];
  }
  const lengths = (node.kind === "choice" ? node.options : node.parts).map(lengthsOf);
  if (node.kind === "choice") {
    return [Math.min(...lengths.map(([least]) => least)), Math.max(...lengths.map(([, most]) => most))];
  }
  return [lengths.reduce((sum, [least]) => sum + least, 0), lengths.reduce((sum, [, most]) => sum + most, 0)];
}

function ruleOf(rules: GrammarRules, alphabet: Alphabet, node: RegexNode): string {
  const inner = (part: RegexNode) => ruleOf(rules, alphabet, part);
  if (node.kind === "class") return rules.add(classBody(alphabet, node.ranges));
  if (node.kind === "choice") return rules.add(node.options.map(inner).join(" | "));
  if (node.kind === "repeat") return rules.add(rules.repeat(inner(node.of), node.least, node.most));
  return node.parts.length === 0 ? '""' : rules.add(node.parts.map(inner).join(" "));
}

function classBody(alphabet: Alphabet, ranges: readonly CodeRange[]): string {
  const body = alphabet.oneOf(ranges);
  if (body === "") throw new UnsupportedPattern("it asks for characters that are never offered");
  return body;
}
