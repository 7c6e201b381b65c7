import { contexts, type DirectiveRow, type DirectiveRule } from "./directive-rule.ts";
import { coreDirectives } from "./directives-core.ts";
import { httpDirectives } from "./directives-http.ts";
import { proxyDirectives } from "./directives-proxy.ts";
import { foreignDirectives } from "./directives-foreign.ts";

/** nginx allows one name with different rules in different contexts (`server` in http and in upstream): all of them. */
export function rulesFor(name: string): readonly DirectiveRule[] {
  return table.get(name) ?? [];
}

/** Every rule there is, in the order of the tables: for tests of each. */
export function allRules(): readonly DirectiveRule[] {
  return [...table.values()].flat();
}

function toRules([names, letters, args, treatment]: DirectiveRow): readonly DirectiveRule[] {
  const [count = "", block] = args.split(" ");
  const isFlag = count === "on|off";
  const [low = "1", high = low] = isFlag ? ["1"] : count.replace("+", "-Infinity").split("-");
  const rule = {
    contexts: letters.split("").map((letter) => contexts[letter as keyof typeof contexts]),
    fewestArgs: Number(low),
    mostArgs: Number(high),
    isFlag,
    block: block === "{}" ? "directives" : block === "{free}" ? "free" : "none",
    treatment,
  } as const;
  return names.split(" ").map((name) => ({ name, ...rule }));
}

const table = new Map<string, DirectiveRule[]>();
for (const row of [...coreDirectives, ...httpDirectives, ...proxyDirectives, ...foreignDirectives]) {
  for (const rule of toRules(row)) table.set(rule.name, [...(table.get(rule.name) ?? []), rule]);
}
