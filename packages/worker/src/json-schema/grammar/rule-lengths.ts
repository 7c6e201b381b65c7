import type { GrammarPart, ParsedGrammar } from "./grammar-parser.ts";

/** Characters of each rule's shortest text; 0: it may be empty. */
export type Lengths = ReadonlyMap<string, number>;

/** Rules are looked at until nothing gets shorter. */
export function ruleLengths(grammar: ParsedGrammar): Lengths {
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

export function partLength(part: GrammarPart, lengths: Lengths): number {
  if (part.kind === "char") return 1;
  if (part.kind === "rule") return lengths.get(part.name) ?? Infinity;
  if (part.kind === "choice") return Math.min(...part.options.map((option) => sequenceLength(option, lengths)));
  return part.least === 0 ? 0 : part.least * partLength(part.of, lengths);
}

export function sequenceLength(parts: readonly GrammarPart[], lengths: Lengths): number {
  return parts.reduce((sum, part) => sum + partLength(part, lengths), 0);
}
