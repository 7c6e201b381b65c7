import { type ConfigPosition, NginxConfigError } from "../../errors.ts";
import type { RewriteStep } from "../../model/model.ts";
import { variableName } from "./own-variables.ts";
import type { Directive } from "../../read/parse.ts";
import { readCondition } from "./condition.ts";
import { compileTemplate, type OwnVariables } from "../../model/template.ts";

/** `set`, `return` and `if` with those two inside, in the order of the file. @throws NginxConfigError */
export function readSteps(block: readonly Directive[], own: OwnVariables): RewriteStep[] {
  return block.flatMap((directive): RewriteStep[] => {
    const { name, args, position } = directive;
    const [first = "", second] = args;
    if (name === "set") {
      return [
        { kind: "set", name: variableName(first, position), value: compileTemplate(second ?? "", own, position) },
      ];
    }
    if (name === "if") {
      const inside = directive.block ?? [];
      return [{ kind: "if", condition: readCondition(directive, own), steps: readSteps(onlySteps(inside), own) }];
    }
    if (name !== "return") return [];
    if (second === undefined && /^(?:https?:\/\/|\$scheme)/.test(first)) {
      return [{ kind: "return", status: 302, text: compileTemplate(first, own, position) }];
    }
    if (!/^\d{1,3}$/.test(first)) throw NginxConfigError.at(position, `invalid return code "${first}"`);
    checkStatus(Number(first), name, position);
    const text = second === undefined ? undefined : compileTemplate(second, own, position);
    return [{ kind: "return", status: Number(first), text }];
  });
}

/** An `if` that changes what a location does is a location of its own, with nginx's well-known surprises. @throws NginxConfigError for those */
function onlySteps(block: readonly Directive[]): readonly Directive[] {
  for (const { name, position } of block) {
    if (name === "set" || name === "return") continue;
    throw NginxConfigError.unsupported(
      position,
      `directive "${name}" inside "if"`,
      "only `set` and `return` are; use locations, `map` and variables instead",
    );
  }
  return block;
}

/** A response whose status is below 200 is never the last one, so a client would wait for another. @throws NginxConfigError */
export function checkStatus(status: number, directive: string, position: ConfigPosition): void {
  if (status >= 200) return;
  throw NginxConfigError.unsupported(position, `the status ${status} of "${directive}"`, "no response ends with it");
}
