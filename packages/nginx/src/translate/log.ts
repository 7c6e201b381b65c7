import { resolve } from "node:path";
import { type ConfigPosition, NginxConfigError, nowhere } from "../errors.ts";
import { type AccessLogModel, type ErrorLogModel, type LogFormat, logLevels } from "../model/model.ts";
import type { Directive } from "../read/parse.ts";
import { invalidParameter, type Scope } from "../read/scope.ts";
import { compileTemplate, constantTemplate, getterOf, type OwnVariables, piecesOf } from "../model/template.ts";
import type { NginxPaths, TranslateContext } from "./context.ts";
import { parseSize, parseTime } from "../read/units.ts";

const combined = `$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"`;

/** Every `log_format`, and nginx's `combined`. @throws NginxConfigError */
export function readLogFormats(scope: Scope, own: OwnVariables): Map<string, LogFormat> {
  const formats = new Map<string, LogFormat>([
    ["combined", { escape: "default", pieces: compileFormat(combined, own, nowhere) }],
  ]);
  for (const directive of scope.own("log_format")) {
    const [name = "", ...words] = directive.args;
    if (formats.has(name)) throw NginxConfigError.at(directive.position, `duplicate "log_format" name "${name}"`);
    let escape: LogFormat["escape"] = "default";
    if (words[0]?.startsWith("escape=") === true) {
      const word = words.shift()?.slice("escape=".length);
      if (word !== "default" && word !== "json" && word !== "none") {
        throw NginxConfigError.at(directive.position, `unknown log format escaping "${word ?? ""}"`);
      }
      escape = word;
    }
    formats.set(name, { escape, pieces: compileFormat(words.join(""), own, directive.position) });
  }
  return formats;
}

function compileFormat(text: string, own: OwnVariables, position: ConfigPosition): LogFormat["pieces"] {
  return piecesOf(text, /\$(?:\{(\w*)\}|(\w*))/g, ({ 1: braced, 2: bare, index }) => {
    const name = braced ?? bare ?? "";
    if (name === "") throw invalidParameter(position, text.slice(index));
    return getterOf(name, own, position);
  });
}

/** The access logs in force: nginx's default where none is set. @throws NginxConfigError */
export function readAccessLogs(scope: Scope, context: TranslateContext): AccessLogModel[] {
  const directives = scope.many("access_log");
  if (directives.length === 0) {
    if (context.paths.accessLog === "") return [];
    const format = context.formats.get("combined") ?? { escape: "default", pieces: [] };
    return [{ path: constantTemplate(context.paths.accessLog), format, condition: undefined }];
  }
  if (directives.some(({ args }) => args[0] === "off" && args.length === 1)) return [];
  return directives.map((directive) => readAccessLog(directive, context));
}

function readAccessLog({ args, position }: Directive, context: TranslateContext): AccessLogModel {
  const [path = "", formatName = "combined", ...words] = args;
  if (path.startsWith("syslog:")) {
    throw NginxConfigError.unsupported(position, "access_log to syslog", "log to a file or /dev/stdout");
  }
  const format = context.formats.get(formatName);
  if (format === undefined) throw NginxConfigError.at(position, `unknown log format "${formatName}"`, "NGINX_UNKNOWN");
  let condition: AccessLogModel["condition"];
  for (const word of words) {
    const [name = "", value = ""] = word.split(/=(.*)/s);
    if (name === "if" && value !== "") condition = compileTemplate(value, context.own, position);
    else if (name === "buffer" && parseSize(value) !== undefined) continue;
    else if (name === "flush" && parseTime(value, "ms") !== undefined) continue;
    else if (name === "gzip") {
      throw NginxConfigError.unsupported(position, "a compressed access_log", "compress it when it is rotated");
    } else throw invalidParameter(position, word);
  }
  return { path: compileTemplate(pathOf(path, context.paths), context.own, position), format, condition };
}

/** The error logs in force. @throws NginxConfigError */
export function readErrorLogs(scope: Scope, paths: NginxPaths): ErrorLogModel[] {
  const directives = scope.many("error_log");
  if (directives.length === 0) return [{ path: errorPath(paths.errorLog, paths), level: "error" }];
  return directives.map(({ args, position }) => {
    const [path = "", level = "error"] = args;
    if (path.startsWith("syslog:") || path.startsWith("memory:")) {
      throw NginxConfigError.unsupported(position, `error_log to ${path.split(":")[0]}`, "log to a file or stderr");
    }
    const known = logLevels.find((name) => name === level) ?? (level.startsWith("debug_") ? "debug" : undefined);
    if (known === undefined) throw NginxConfigError.at(position, `invalid log level "${level}"`);
    return { path: errorPath(path, paths), level: known };
  });
}

function errorPath(path: string, paths: NginxPaths): string | undefined {
  return path === "stderr" ? undefined : pathOf(path, paths);
}

function pathOf(path: string, { prefix }: NginxPaths): string {
  return path.startsWith("/") || path.startsWith("$") ? path : resolve(prefix, path);
}
