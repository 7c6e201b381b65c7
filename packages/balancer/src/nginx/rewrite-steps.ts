import { NginxConfigError } from "../errors.ts";
import type { RewriteStep } from "./model.ts";
import { variableName } from "./own-variables.ts";
import type { Directive } from "./parse.ts";
import { compileTemplate, type OwnVariables } from "./template.ts";

/** `set` and `return` in the order of the file. @throws NginxConfigError */
export function readSteps(block: readonly Directive[], own: OwnVariables): RewriteStep[] {
  return block.flatMap((directive): RewriteStep[] => {
    const { name, args, place } = directive;
    const [first = "", second] = args;
    if (name === "set") {
      return [{ kind: "set", name: variableName(first, place), value: compileTemplate(second ?? "", own, place) }];
    }
    if (name !== "return") return [];
    if (second === undefined && /^(?:https?:\/\/|\$scheme)/.test(first)) {
      return [{ kind: "return", status: 302, text: compileTemplate(first, own, place) }];
    }
    if (!/^\d{1,3}$/.test(first)) throw NginxConfigError.at(place, `invalid return code "${first}"`);
    const text = second === undefined ? undefined : compileTemplate(second, own, place);
    return [{ kind: "return", status: Number(first), text }];
  });
}
