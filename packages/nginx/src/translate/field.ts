import { type ConfigPosition, NginxConfigError } from "../errors.ts";
import { isFieldName, isFieldValue } from "../model/field-value.ts";
import { compileTemplate, type OwnVariables, type Template } from "../model/template.ts";

/** The name of a header that the configuration sends. @throws NginxConfigError for a name that no HTTP message can have */
export function fieldName(name: string, position: ConfigPosition): string {
  if (isFieldName(name)) return name;
  throw NginxConfigError.unsupported(
    position,
    `the header name "${printable(name)}"`,
    "it has bytes that no name may have",
  );
}

/**
 * The value of a header that the configuration sends. nginx sends a value of several lines as it is, which clients read as one line (RFC 9112, 5.2) or refuse;
 * here it becomes one line.
 * @throws NginxConfigError for bytes that no value may have
 */
export function fieldTemplate(text: string, own: OwnVariables, position: ConfigPosition): Template {
  const template = compileTemplate(text.replaceAll(/\r?\n[\t ]+/g, " "), own, position);
  for (const piece of template.pieces) {
    if (typeof piece === "string" && !isFieldValue(piece)) {
      throw NginxConfigError.unsupported(
        position,
        `the header value "${printable(piece)}"`,
        "it has bytes that no value may have",
      );
    }
  }
  return template;
}

function printable(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}
