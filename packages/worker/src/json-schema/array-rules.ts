import type { GrammarRules } from "./grammar/grammar-rules.ts";
import { space } from "./grammar/json-rules.ts";

/**
 * The items of an array with their commas.
 *
 * @param tuple rules of the first items, in their order; each is optional together with all after it
 * @param more the rule of the items after these; absent: there are none
 */
export function listRule(
  rules: GrammarRules,
  tuple: readonly string[],
  more: string | undefined,
  least: number,
  most: number,
): string {
  const comma = `"," ${space(rules)}`;
  const left = most === Infinity ? undefined : most - tuple.length;
  if (tuple.length === 0) return more === undefined ? rules.add('""') : manyRule(rules, more, comma, least, left);
  const [fewest, next] = [Math.max(0, least - tuple.length), more === undefined ? "" : rules.add(`${comma} ${more}`)];
  let tail = more === undefined ? '""' : rules.add(rules.repeat(next, fewest, left));
  for (let index = tuple.length - 1; index >= 0; index--) {
    const item = `${index > 0 ? `${comma} ` : ""}${tuple[index] ?? ""} ${tail}`;
    tail = rules.add(index < least ? item : `${item} | ""`);
  }
  return tail;
}

function manyRule(rules: GrammarRules, item: string, comma: string, least: number, most: number | undefined): string {
  const next = rules.add(`${comma} ${item}`);
  const some = `${item} ${rules.repeat(next, Math.max(0, least - 1), most === undefined ? undefined : most - 1)}`;
  return rules.add(least > 0 ? some : `${some} | ""`);
}
