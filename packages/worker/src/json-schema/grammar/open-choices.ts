import { type GrammarPart, type ParsedGrammar, parseGrammar } from "./grammar-parser.ts";
import { type Lengths, partLength, ruleLengths } from "./rule-lengths.ts";

/**
 * Alternatives that may be open at one place of a grammar. llama.cpp follows each of them for each token of the vocabulary, some 8 ms for
 * 152,000 tokens.
 */
const MOST_CHOICES = 100;

interface Rules {
  readonly grammar: ParsedGrammar;
  readonly lengths: Lengths;
}

/** How many alternatives are open at most, and the rules in which they are more than llama.cpp gets through in time. */
export function openChoices(gbnf: string): { readonly most: number; readonly crowdedRules: readonly string[] } {
  const grammar = parseGrammar(gbnf);
  const rules = { grammar, lengths: ruleLengths(grammar) };
  const counts = [...grammar].map(([name, options]) => ({
    name,
    most: largest(options, (parts) => mostOf(rules, parts)),
  }));
  return {
    most: largest(counts, ({ most }) => most),
    crowdedRules: counts.filter(({ most }) => most > MOST_CHOICES).map(({ name }) => name),
  };
}

/** At each place where something else than a character comes next. */
function mostOf(rules: Rules, parts: readonly GrammarPart[]): number {
  return largest([...parts.entries()], ([index, { kind }]) => (kind === "char" ? 1 : count(rules, parts.slice(index))));
}

function largest<T>(all: readonly T[], sizeOf: (one: T) => number): number {
  return all.reduce((most, one) => Math.max(most, sizeOf(one)), 0);
}

/** Characters with which these parts may begin, each place of the grammar counted once. */
function count(rules: Rules, parts: readonly GrammarPart[]): number {
  const found = new Set<number>();
  collect(rules, parts, found, new Set());
  return found.size;
}

function collect(rules: Rules, parts: readonly GrammarPart[], found: Set<number>, seen: Set<string>): void {
  for (const part of parts) {
    if (found.size > MOST_CHOICES) return;
    collectPart(rules, part, found, seen);
    if (partLength(part, rules.lengths) > 0) return;
  }
}

function collectPart(rules: Rules, part: GrammarPart, found: Set<number>, seen: Set<string>): void {
  if (part.kind === "char") found.add(part.id);
  else if (part.kind === "choice") for (const option of part.options) collect(rules, option, found, seen);
  else if (part.kind === "repeat") {
    collectPart(rules, part.of, found, seen);
    // Each of the empty ones may be the last.
    if (partLength(part.of, rules.lengths) === 0)
      for (let one = 0; one < Math.min(part.most, MOST_CHOICES + 1); one++) found.add(-part.id * 1000 - one);
  } else if (!seen.has(part.name)) {
    seen.add(part.name);
    for (const option of rules.grammar.get(part.name) ?? []) collect(rules, option, found, seen);
  }
}
