import { type ConfigPosition, NginxConfigError } from "../../errors.ts";
import { compileRegex } from "../../model/regex.ts";
import { keepCaptures } from "../../model/variable-source.ts";
import type { Directive } from "../../read/parse.ts";
import { compileTemplate, evaluate, type OwnVariables } from "../../model/template.ts";
import type { Condition } from "../../model/model.ts";

/** @throws NginxConfigError for what nginx calls an invalid condition, and for tests of files. Source: `ngx_http_rewrite_if_condition`. */
export function readCondition({ args, position }: Directive, own: OwnVariables): Condition {
  const words = unwrapped(args, position);
  const [first = "", operator = "", operand = ""] = words;
  if (/^!?-[fdex]$/.test(first)) {
    throw NginxConfigError.unsupported(position, `"${first}" in an "if"`, "no files are served");
  }
  if (!first.startsWith("$") || first.length === 1)
    throw NginxConfigError.at(position, `invalid condition "${first || ")"}"`);
  const variable = compileTemplate(first, own, position);
  if (words.length === 1) {
    return (source) => !["", "0"].includes(evaluate(variable, source));
  }
  if (words.length !== 3) throw NginxConfigError.at(position, `invalid condition "${first}"`);
  if (operator === "=" || operator === "!=") {
    const value = compileTemplate(operand, own, position);
    return (source) => (evaluate(variable, source) === evaluate(value, source)) === (operator === "=");
  }
  if (!/^!?~\*?$/.test(operator)) throw NginxConfigError.at(position, `unexpected "${operator}" in condition`);
  const regex = compileRegex(operand, operator.endsWith("*"), position);
  return (source) => {
    const captures = regex.exec(evaluate(variable, source));
    if (captures !== undefined) keepCaptures(source, captures);
    return (captures !== undefined) === operator.startsWith("~");
  };
}

/** The words between the parentheses, which may stand apart or at a word. */
function unwrapped(args: readonly string[], position: ConfigPosition): string[] {
  const [first = "", ...rest] = args;
  if (!first.startsWith("(")) throw NginxConfigError.at(position, `invalid condition "${first}"`);
  const words = [first.slice(1), ...rest];
  const last = words.pop() ?? "";
  if (!last.endsWith(")")) throw NginxConfigError.at(position, `invalid condition "${last}"`);
  words.push(last.slice(0, -1));
  if (words.length > 1 && words[0] === "") words.shift();
  if (words.length > 1 && words.at(-1) === "") words.pop();
  return words;
}
