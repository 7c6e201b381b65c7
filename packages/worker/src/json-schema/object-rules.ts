import { textTree } from "./grammar/text-tree.ts";
import { PLAIN_CHARS } from "./grammar/alphabet.ts";
import { type GrammarRules, type CodeRange, charClass, hasCode, literal } from "./grammar/grammar-rules.ts";
import { space } from "./grammar/json-rules.ts";

const MOST_NAME_CHARS = 100;

export interface PropertyRule {
  readonly name: string;
  readonly required: boolean;
  /** The rule of its value. */
  readonly value: string;
}

/** Properties beyond the listed ones. */
export interface FurtherProperties {
  /** The rule of a name with its quotes. */
  readonly name: string;
  readonly value: string;
  readonly least: number;
  readonly most: number | undefined;
}

/**
 * An object whose listed properties come in their order, the optional ones or not, and then the further ones. Long rows of optional ones come in any
 * order.
 */
export function objectRule(rules: GrammarRules, listed: readonly PropertyRule[], further?: FurtherProperties): string {
  const ws = space(rules);
  let { none, some } = endRules(rules, further);
  for (const run of runsOf(listed).toReversed()) {
    ({ none, some } = "name" in run ? inOrder(rules, run, { none, some }) : anyOrder(rules, run, { none, some }));
  }
  return rules.add(`"{" ${ws} ${none} ${ws} "}"`);
}

/** Optional properties in a row that are offered in their order; each of them is an alternative at the place of the first. */
const MOST_OPTIONAL_IN_ORDER = 64;

/** The properties, long rows of optional ones taken together. */
function runsOf(listed: readonly PropertyRule[]): readonly (PropertyRule | readonly PropertyRule[])[] {
  const runs: (PropertyRule | readonly PropertyRule[])[] = [];
  for (let from = 0; from < listed.length; ) {
    let to = from;
    while (listed[to]?.required === false) to += 1;
    if (to - from > MOST_OPTIONAL_IN_ORDER) {
      runs.push(listed.slice(from, to));
      from = to;
    } else {
      const one = listed[from];
      if (one !== undefined) runs.push(one);
      from += 1;
    }
  }
  return runs;
}

function anyOrder(rules: GrammarRules, run: readonly PropertyRule[], after: ObjectEnd): ObjectEnd {
  const ws = space(rules);
  const pairs = run.map(({ name, value }) => [JSON.stringify(name), `":" ${ws} ${value}`] as const);
  const pair = rules.add(textTree(rules, pairs));
  const next = rules.add(`"," ${ws} ${pair}`);
  const some = rules.add(`${next}* ${after.some}`);
  return { none: rules.add(`${pair} ${some} | ${after.none}`), some };
}

/** What may follow where no property was written so far, and where some were. */
interface ObjectEnd {
  readonly none: string;
  readonly some: string;
}

function inOrder(rules: GrammarRules, { name, required, value }: PropertyRule, { none, some }: ObjectEnd): ObjectEnd {
  const ws = space(rules);
  const pair = rules.add(`${literal(JSON.stringify(name))} ":" ${ws} ${value}`);
  const [first, next] = [`${pair} ${some}`, `"," ${ws} ${pair} ${some}`];
  return {
    none: rules.add(required ? first : `${first} | ${none}`),
    some: rules.add(required ? next : `${next} | ${some}`),
  };
}

function endRules(rules: GrammarRules, further: FurtherProperties | undefined): ObjectEnd {
  const empty = rules.add('""');
  if (further === undefined) return { none: empty, some: empty };
  const { name, value, least, most } = further;
  const ws = space(rules);
  const pair = rules.add(`${name} ":" ${ws} ${value}`);
  const next = rules.add(`"," ${ws} ${pair}`);
  const some = rules.add(rules.repeat(next, least, most));
  if (most === 0) return { none: empty, some: empty };
  const first = `${pair} ${rules.repeat(next, Math.max(0, least - 1), most === undefined ? undefined : most - 1)}`;
  return { none: rules.add(least > 0 ? first : `${first} | ""`), some };
}

/** A name, in quotes and without escapes, that is none of these. */
export function otherName(rules: GrammarRules, names: readonly string[]): string {
  const tree: NameTree = { isName: false, next: new Map() };
  for (const name of names) {
    let node = tree;
    for (const char of name) {
      const next = node.next.get(char) ?? { isName: false, next: new Map() };
      node.next.set(char, next);
      node = next;
    }
    node.isName = true;
  }
  return rules.add(`"\\"" ${treeRule(rules, tree)} "\\""`);
}

interface NameTree {
  isName: boolean;
  readonly next: Map<string, NameTree>;
}

function treeRule(rules: GrammarRules, tree: NameTree): string {
  const taken = Array.from(tree.next.keys(), (char) => char.codePointAt(0) ?? 0);
  const other = charClass(without(PLAIN_CHARS, taken));
  const anything = rules.add(`${charClass(PLAIN_CHARS)}{0,${MOST_NAME_CHARS}}`);
  const options = [`${other} ${anything}`];
  for (const [char, next] of tree.next) {
    if (hasCode(PLAIN_CHARS, char.codePointAt(0) ?? 0)) options.push(`${literal(char)} ${treeRule(rules, next)}`);
  }
  if (!tree.isName) options.push('""');
  return rules.add(options.join(" | "));
}

function without(ranges: readonly CodeRange[], codes: readonly number[]): readonly CodeRange[] {
  return codes.reduce<readonly CodeRange[]>(
    (left, code) =>
      left.flatMap(([first, last]): readonly CodeRange[] => {
        if (code < first || code > last) return [[first, last]];
        const below: readonly CodeRange[] = code > first ? [[first, code - 1]] : [];
        const above: readonly CodeRange[] = code < last ? [[code + 1, last]] : [];
        return [...below, ...above];
      }),
    ranges,
  );
}

/** Makes optional properties required until there are `least`, and leaves the last ones out beyond `most`. */
export function chooseOptional(names: readonly string[], required: ReadonlySet<string>, least: number, most: number) {
  const optional = names.filter((name) => !required.has(name));
  const must = new Set(optional.slice(0, Math.max(0, least - required.size)));
  const left = new Set(optional.slice(Math.max(0, most - required.size)));
  return { must, left };
}
