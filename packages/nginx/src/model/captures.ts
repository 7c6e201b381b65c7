import { type ConfigPosition, NginxConfigError } from "../errors.ts";
import { type Captures, compilePattern, type NginxRegex } from "./regex.ts";
import type { VariableSource } from "./variable-source.ts";

/** @throws NginxConfigError when PCRE would not take the pattern, or when it cannot be translated. */
export function compileRegex(pattern: string, caseless: boolean, position: ConfigPosition): NginxRegex {
  const result = compilePattern(pattern, caseless);
  if (result.kind === "regex") return result.value;
  if (result.kind === "invalid") {
    throw NginxConfigError.at(position, `pcre2_compile() failed: ${result.why} in "${pattern}"`);
  }
  throw NginxConfigError.unsupported(
    position,
    `the regular expression "${pattern}"`,
    `JavaScript has no equal of ${result.why}`,
  );
}

/** Makes a match the last one (`$1` …) and sets the variables of its named captures. */
export function keepCaptures(source: VariableSource, captures: Captures): void {
  source.captures = captures;
  for (const [name, value] of Object.entries(captures.named)) source.own.set(name, value ?? "");
}
