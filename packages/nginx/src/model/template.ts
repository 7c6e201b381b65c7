import { type ConfigPosition, NginxConfigError } from "../errors.ts";
import type { Getter, VariableSource } from "./variable-source.ts";
import { builtinVariable } from "./variables.ts";

/** A string of the configuration with `$name`, `${name}` and `$1` in it. */
export interface Template {
  /** The string itself where there is no variable in it. */
  readonly constant: string | undefined;
  readonly pieces: readonly (string | Getter)[];
}

/** Variables the configuration itself makes (`set`, `map`, named captures), by name. */
export type OwnVariables = ReadonlyMap<string, Getter>;

/**
 * Compiles a value by the rules of nginx's `ngx_http_script_compile`.
 *
 * @throws NginxConfigError for a `$` without a name, and for variables that do not exist or that Drover does not have.
 */
export function compileTemplate(text: string, own: OwnVariables, position: ConfigPosition): Template {
  const pieces = piecesOf(text, /\$(?:\{(\w*)(\}?)|([1-9])|(\w*))/g, ([, braced, closing, digit, bare]) => {
    if (braced !== undefined && closing === "") {
      throw NginxConfigError.at(position, `the closing bracket in "${braced}" variable is missing`);
    }
    const name = braced ?? bare ?? "";
    const group = Number(digit ?? (/^[1-9]$/.test(name) ? name : 0));
    if (group > 0) return (source) => source.captures?.groups[group];
    if (name === "") throw NginxConfigError.at(position, "invalid variable name");
    return getterOf(name, own, position);
  });
  const isConstant = pieces.every((piece) => typeof piece === "string");
  return { constant: isConstant ? pieces.join("") : undefined, pieces };
}

/** The string a template gives for a request. */
export function evaluate(template: Template, source: VariableSource): string {
  if (template.constant !== undefined) return template.constant;
  let text = "";
  for (const piece of template.pieces) text += typeof piece === "string" ? piece : (piece(source) ?? "");
  return text;
}

/** A template without variables. */
export function constantTemplate(text: string): Template {
  return { constant: text, pieces: [text] };
}

/** A text in pieces, of which those that match became variables. */
export function piecesOf(
  text: string,
  pattern: RegExp,
  getter: (match: RegExpExecArray) => Getter,
): (string | Getter)[] {
  const pieces: (string | Getter)[] = [];
  let from = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > from) pieces.push(text.slice(from, match.index));
    pieces.push(getter(match));
    from = match.index + match[0].length;
  }
  if (from < text.length) pieces.push(text.slice(from));
  return pieces;
}

/** @throws NginxConfigError when there is no such variable. */
export function getterOf(name: string, own: OwnVariables, position: ConfigPosition): Getter {
  const getter = own.get(name) ?? builtinVariable(name);
  if (getter === undefined) throw NginxConfigError.at(position, `unknown "${name}" variable`, "NGINX_UNKNOWN");
  if (typeof getter === "string") throw NginxConfigError.unsupported(position, `variable "$${name}"`, getter);
  return getter;
}
