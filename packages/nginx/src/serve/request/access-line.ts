import { hex } from "../log-files.ts";
import type { LogFormat } from "../../model/model.ts";
import type { VariableSource } from "../../model/variable-source.ts";

/** A line of an access log, its line feed included, one character per byte. */
export function accessLine(format: LogFormat, source: VariableSource): string {
  const escape = escapes[format.escape];
  let line = "";
  for (const piece of format.pieces) {
    line += typeof piece === "string" ? piece : escape(piece(source));
  }
  return `${line}\n`;
}

// oxlint-disable no-control-regex -- these bytes are what is escaped
/** What nginx writes for a value, and for a variable that is not there. */
const escapes: Readonly<Record<LogFormat["escape"], (value: string | undefined) => string>> = {
  default: (value) => (value === undefined ? "-" : value.replace(/["\\\0-\x1f\x7f-\xff]/g, hex)),
  json: (value) => (value ?? "").replace(/["\\\0-\x1f]/g, json),
  none: (value) => value ?? "",
};

const shortJson: Readonly<Record<string, string>> = {
  '"': '\\"',
  "\\": "\\\\",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\b": "\\b",
  "\f": "\\f",
};

function json(ch: string): string {
  return shortJson[ch] ?? `\\u${ch.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}`;
}
