import type { GrammarRules } from "./grammar-rules.ts";

/** White space of JSON as models like to write it; bounded, so that none loses itself in it. */
export function space(rules: GrammarRules): string {
  return rules.add('| " " | "\\n" [ ]{0,16}');
}

/** One character of a JSON string. Escapes of surrogates are left out: two of them would be one character. */
export function stringChar(rules: GrammarRules): string {
  const hex = "[0-9a-fA-F]";
  const escape = `"\\\\" (["\\\\/bfnrt] | "u" ([0-9a-cA-CefEF] ${hex}{3} | [dD] [0-7] ${hex}{2}))`;
  return rules.add(`[ !#-\\[\\]-~\\u00A0-\\uD7FF\\uE000-\\U0010FFFF] | ${escape}`);
}

export function anyString(rules: GrammarRules): string {
  return rules.add(`"\\"" ${stringChar(rules)}* "\\""`);
}

export function anyInteger(rules: GrammarRules): string {
  return rules.add('"0" | "-"? [1-9] [0-9]{0,15}');
}

export function anyNumber(rules: GrammarRules): string {
  return rules.add('"-"? ("0" | [1-9] [0-9]{0,15}) ("." [0-9]{1,16})? ([eE] [-+]? [0-9] [0-9]?)?');
}

export function anyValue(rules: GrammarRules): string {
  const known = anyValues.get(rules);
  if (known !== undefined) return known;
  const name = rules.reserve();
  anyValues.set(rules, name);
  const scalars = `${anyString(rules)} | ${anyNumber(rules)} | "true" | "false" | "null"`;
  rules.define(name, `${anyObject(rules)} | ${anyArray(rules)} | ${scalars}`);
  return name;
}

export function anyObject(rules: GrammarRules): string {
  const ws = space(rules);
  const pair = rules.add(`${anyString(rules)} ":" ${ws} ${anyValue(rules)}`);
  return rules.add(`"{" ${ws} (${pair} ("," ${ws} ${pair})*)? ${ws} "}"`);
}

export function anyArray(rules: GrammarRules): string {
  const ws = space(rules);
  const value = anyValue(rules);
  return rules.add(`"[" ${ws} (${value} ("," ${ws} ${value})*)? ${ws} "]"`);
}

/** The rule of any value refers to itself, so it can't be found by its body. */
const anyValues = new WeakMap<GrammarRules, string>();
