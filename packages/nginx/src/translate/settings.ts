import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { NginxConfigError } from "../errors.ts";
import { type AccessRules, addressMatcher } from "../model/access-rules.ts";
import { readGzip } from "./gzip.ts";
import type { AddHeader, ErrorPage, LocationSettings } from "../model/model.ts";
import type { Directive } from "../read/parse.ts";
import { invalidParameter, invalidValue, type Scope } from "../read/scope.ts";
import { compileTemplate, type OwnVariables } from "../model/template.ts";
import { fieldName, fieldTemplate } from "./field.ts";
import type { TranslateContext } from "./context.ts";
import { readAccessLogs, readErrorLogs } from "./log.ts";
import { readProxySettings } from "./proxy.ts";
import { readResolver } from "./resolver.ts";
import { checkStatus } from "./rewrite/steps.ts";
import { parseTime } from "../read/units.ts";

/** Everything a location inherits, with nginx's defaults. @throws NginxConfigError */
export function readSettings(scope: Scope, context: TranslateContext): LocationSettings {
  return {
    access: readAccessRules(scope),
    gzip: readGzip(scope),
    addHeaders: readAddHeaders(scope, context.own),
    errorPages: scope.many("error_page").map((directive) => readErrorPage(directive, context.own)),
    recursiveErrorPages: scope.isOn("recursive_error_pages", false),
    maxBodyBytes: scope.sizeBytes("client_max_body_size", 1024 * 1024),
    bodyTimeoutMs: scope.timeMs("client_body_timeout", 60_000),
    // Not nginx's 16k: a long prompt need not go by way of a file.
    bodyBufferBytes: scope.sizeBytes("client_body_buffer_size", 1024 * 1024),
    bodyFolder: resolve(context.paths.prefix, scope.one("client_body_temp_path")?.args[0] ?? tmpdir()),
    sendTimeoutMs: scope.timeMs("send_timeout", 60_000),
    ...readKeepalive(scope),
    accessLogs: readAccessLogs(scope, context),
    errorLogs: readErrorLogs(scope, context.paths),
    serverTokens: scope.word("server_tokens", ["on", "off", "build"], "on"),
    defaultType: scope.one("default_type")?.args[0] ?? "text/plain",
    types: readTypes(scope),
    msiePadding: scope.isOn("msie_padding", true),
    redirects: {
      absolute: scope.isOn("absolute_redirect", true),
      port: scope.isOn("port_in_redirect", true),
      serverName: scope.isOn("server_name_in_redirect", false),
    },
    resolver: readResolver(scope),
    proxy: readProxySettings(scope, context),
  };
}

function readKeepalive(scope: Scope) {
  const directive = scope.one("keepalive_timeout");
  const [, header] = directive?.args ?? [];
  const headerMs = header === undefined ? undefined : parseTime(header, "s");
  if (directive !== undefined && header !== undefined && headerMs === undefined) {
    throw NginxConfigError.at(directive.position, '"keepalive_timeout" directive invalid value');
  }
  return {
    keepaliveTimeoutMs: scope.timeMs("keepalive_timeout", 75_000),
    keepaliveHeaderSeconds: headerMs === undefined || headerMs === 0 ? undefined : headerMs / 1000,
    keepaliveRequests: scope.count("keepalive_requests", 1000),
    keepaliveLifetimeMs: scope.timeMs("keepalive_time", 3_600_000),
  };
}

function readAddHeaders(scope: Scope, own: OwnVariables): AddHeader[] {
  return scope.many("add_header").map(({ args, position }) => {
    const [name = "", value = "", always] = args;
    if (always !== undefined && always !== "always") throw invalidParameter(position, always);
    return {
      name: fieldName(name, position),
      value: fieldTemplate(value, own, position),
      always: always !== undefined,
    };
  });
}

function readErrorPage({ args, position }: Directive, own: OwnVariables): ErrorPage {
  const words = [...args];
  const target = words.pop() ?? "";
  let overwrite: ErrorPage["overwrite"];
  const last = words.at(-1);
  if (last?.startsWith("=") === true) {
    words.pop();
    if (words.length === 0) throw invalidValue(position, last);
    overwrite = last === "=" ? "page's own" : Number(last.slice(1));
    if (typeof overwrite === "number" && !/^=\d{1,3}$/.test(last)) throw invalidValue(position, last);
    if (typeof overwrite === "number") checkStatus(overwrite, "error_page", position);
  }
  const statuses = words.map((word) => {
    const status = Number(word);
    if (!/^\d{3}$/.test(word) || status === 499) throw invalidValue(position, word);
    if (status < 300 || status > 599) {
      throw NginxConfigError.at(position, `value "${word}" must be between 300 and 599`);
    }
    return status;
  });
  return { statuses, overwrite, target: compileTemplate(target, own, position) };
}

/** Extensions without a `types` block of their own (`ngx_http_core_default_types`). */
const defaultTypes: ReadonlyMap<string, string> = new Map([
  ["html", "text/html"],
  ["gif", "image/gif"],
  ["jpg", "image/jpeg"],
]);

function readTypes(scope: Scope): ReadonlyMap<string, string> {
  const blocks = scope.many("types");
  if (blocks.length === 0) return defaultTypes;
  const types = new Map<string, string>();
  for (const { words } of blocks.flatMap(({ rows }) => rows ?? [])) {
    for (const extension of words.slice(1)) types.set(extension.toLowerCase(), words[0] ?? "");
  }
  return types;
}

/** The rules of the nearest block that has any. @throws NginxConfigError. Source: `ngx_http_access_rule`. */
function readAccessRules(scope: Scope): AccessRules {
  return scope.manyOf(["allow", "deny"]).map(({ name, args: [word = ""], position }) => {
    const matches = addressMatcher(word);
    if (matches === undefined) throw invalidParameter(position, word);
    return { allows: name === "allow", matches };
  });
}
