import { type GrammarPart, parseGrammar } from "./grammar-parser.ts";
import { GrammarWalk, type Rest } from "./grammar-walk.ts";

/** So many open parses say enough; to look at more would keep the event loop for longer than a step. */
const MOST_OPEN = 500;
const MOST_STEPS = 200_000;

/**
 * The rule in which most alternatives are open behind a text: where a grammar is slow, it is so because of them.
 *
 * @param rules those that count. Undefined: none of them has an open alternative
 */
export function crowdedRule(gbnf: string, text: string, rules: ReadonlySet<string>): string | undefined {
  const grammar = parseGrammar(gbnf);
  const owners = new Map<number, string>();
  for (const [name, options] of grammar) if (rules.has(name)) for (const parts of options) own(parts, name, owners);
  const counts = new Map<string, number>();
  for (const rest of openBehind(new GrammarWalk(grammar), text)) {
    const rule = rest && owners.get(rest.part.id);
    if (rule !== undefined) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  }
  const [most] = [...counts].toSorted(([, one], [, other]) => other - one);
  return most?.[0];
}

/** Parses that are open behind the text, or behind its longest beginning that the grammar allows and the bounds let be looked at. */
function openBehind(walk: GrammarWalk, text: string): ReadonlySet<Rest | undefined> {
  let open = walk.expand([walk.start()]);
  for (const char of text) {
    if (open.size > MOST_OPEN || walk.steps > MOST_STEPS) break;
    const next = walk.advance(open, char.codePointAt(0) ?? 0);
    if (next.size === 0) break;
    open = next;
  }
  return open;
}

function own(parts: readonly GrammarPart[], rule: string, owners: Map<number, string>): void {
  for (const part of parts) {
    owners.set(part.id, rule);
    if (part.kind === "repeat") own([part.of], rule, owners);
    else if (part.kind === "choice") for (const option of part.options) own(option, rule, owners);
  }
}
