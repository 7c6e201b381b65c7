import { type GrammarRules, literal } from "./grammar-rules.ts";

/** A text, and the GBNF of what follows it. */
export type TextEntry = readonly [text: string, after: string];

/**
 * One of the texts, common beginnings written once: llama.cpp follows each alternative that is open, for each token of the vocabulary, so that
 * a thousand texts side by side take seconds for their first token.
 *
 * @returns the body of a rule
 */
export function textTree(rules: GrammarRules, entries: readonly TextEntry[]): string {
  const distinct = new Map(entries);
  const sorted = [...distinct.keys()]
    .toSorted()
    .map((text) => ({ chars: Array.from(text), after: distinct.get(text) ?? "" }));
  return branches(rules, sorted, 0);
}

interface Leaf {
  readonly chars: readonly string[];
  readonly after: string;
}

/** Of sorted texts that are the same up to `from`. */
function branches(rules: GrammarRules, leaves: readonly Leaf[], from: number): string {
  const groups = new Map<string | undefined, Leaf[]>();
  for (const leaf of leaves) {
    const group = groups.get(leaf.chars[from]);
    if (group === undefined) groups.set(leaf.chars[from], [leaf]);
    else group.push(leaf);
  }
  const options = Array.from(groups, ([char, group]) =>
    char === undefined ? (group[0]?.after ?? "") || '""' : branch(rules, group, from),
  );
  return options.join(" | ");
}

function branch(rules: GrammarRules, leaves: readonly Leaf[], from: number): string {
  const [first] = leaves;
  if (first === undefined) return '""';
  if (leaves.length === 1) return joined(literal(first.chars.slice(from).join("")), first.after);
  let to = from + 1;
  while (leaves.every(({ chars }) => to < chars.length && chars[to] === first.chars[to])) to += 1;
  return `${literal(first.chars.slice(from, to).join(""))} ${rules.add(branches(rules, leaves, to))}`;
}

function joined(text: string, after: string): string {
  return after === "" ? text : `${text} ${after}`;
}
