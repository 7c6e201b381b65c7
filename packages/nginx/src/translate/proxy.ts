import { type RetryRule, type RetryWord, retryWords } from "@drover/balancer/engine";
import { type ConfigPosition, NginxConfigError, nowhere } from "../errors.ts";
import { compileRegex } from "../model/regex.ts";
import { httpsSuffix, type ProxyPass, type ProxyRedirect, type ProxySettings } from "../model/model.ts";
import type { Directive } from "../read/parse.ts";
import { invalidParameter, invalidValue, type Scope } from "../read/scope.ts";
import { compileTemplate, constantTemplate, type OwnVariables } from "../model/template.ts";
import type { TranslateContext } from "./context.ts";
import { fieldName, fieldTemplate } from "./field.ts";
import { splitProxyUrl } from "../model/proxy-url.ts";
import { implicitGroup, parseServerAddress } from "../model/server-address.ts";

/** Everything `proxy_…` but `proxy_pass`. @throws NginxConfigError */
export function readProxySettings(scope: Scope, context: TranslateContext): ProxySettings {
  const { own, compat } = context;
  const optional = (name: string) => {
    const directive = scope.one(name);
    return directive === undefined ? undefined : compileTemplate(directive.args[0] ?? "", own, directive.position);
  };
  const version = scope.one("proxy_http_version");
  if (version !== undefined && version.args[0] === "2") {
    throw NginxConfigError.unsupported(version.position, "proxy_http_version 2", "upstreams are spoken to by HTTP/1");
  }
  return {
    connectTimeoutMs: scope.timeMs("proxy_connect_timeout", 60_000),
    sendTimeoutMs: scope.timeMs("proxy_send_timeout", 60_000),
    readTimeoutMs: scope.timeMs("proxy_read_timeout", 60_000),
    retry: readRetryRule(scope),
    setHeaders: readSetHeaders(scope, context),
    hiddenHeaders: readHiddenHeaders(scope),
    ignoredHeaders: new Set(
      scope.many("proxy_ignore_headers").flatMap(({ args }) => args.map((name) => name.toLowerCase())),
    ),
    httpVersion: scope.word("proxy_http_version", ["1.0", "1.1"], compat === "1.22" ? "1.0" : "1.1"),
    method: optional("proxy_method"),
    passHeaders: scope.isOn("proxy_pass_request_headers", true),
    passBody: scope.isOn("proxy_pass_request_body", true),
    body: optional("proxy_set_body"),
    bufferRequests: scope.isOn("proxy_request_buffering", true),
    interceptErrors: scope.isOn("proxy_intercept_errors", false),
    ignoreClientAbort: scope.isOn("proxy_ignore_client_abort", false),
    redirects: readRedirects(scope, own),
  };
}

function readRetryRule(scope: Scope): RetryRule {
  const { args, position } = scope.one("proxy_next_upstream") ?? { args: ["error", "timeout"], position: nowhere };
  const words = new Set<RetryWord>();
  for (const word of args) {
    const known = retryWords.find((name) => name === word);
    if (known !== undefined) words.add(known);
    // `updating` is about the cache alone.
    else if (word !== "off" && word !== "updating") throw invalidValue(position, word);
  }
  if (args.includes("off")) words.clear();
  return {
    words,
    tries: scope.count("proxy_next_upstream_tries", 0),
    timeoutMs: scope.timeMs("proxy_next_upstream_timeout", 0),
  };
}

/** nginx's defaults after what is configured: those whose name is configured are replaced. An empty value sends nothing. */
function readSetHeaders(scope: Scope, { own, compat }: TranslateContext): ProxySettings["setHeaders"] {
  const configured = scope.many("proxy_set_header").map(({ args, position }) => {
    const [name = "", value = ""] = args;
    return { name: fieldName(name, position), value: fieldTemplate(value, own, position) };
  });
  const defaults = [
    { name: "Host", value: compileTemplate("$proxy_host", own, nowhere) },
    { name: "Connection", value: constantTemplate(compat === "1.22" ? "close" : "") },
    ...["TE", "Keep-Alive", "Expect", "Upgrade", "Transfer-Encoding", "Content-Length"].map((name) => ({
      name,
      value: constantTemplate(""),
    })),
  ];
  const names = new Set(configured.map(({ name }) => name.toLowerCase()));
  return [...configured, ...defaults.filter(({ name }) => !names.has(name.toLowerCase()))];
}

const hiddenByDefault = [
  "date",
  "server",
  "x-pad",
  "x-accel-expires",
  "x-accel-redirect",
  "x-accel-limit-rate",
  "x-accel-buffering",
  "x-accel-charset",
];

function readHiddenHeaders(scope: Scope): Set<string> {
  const hidden = new Set(hiddenByDefault);
  for (const { args } of scope.many("proxy_hide_header")) hidden.add((args[0] ?? "").toLowerCase());
  for (const { args } of scope.many("proxy_pass_header")) hidden.delete((args[0] ?? "").toLowerCase());
  return hidden;
}

function readRedirects(scope: Scope, own: OwnVariables): ProxySettings["redirects"] {
  const directives = scope.many("proxy_redirect");
  if (directives.length === 0) return [{ kind: "default" }];
  if (directives.some(({ args }) => args.length === 1 && args[0] === "off")) return [];
  return directives.map((directive) => readRedirect(directive, own));
}

function readRedirect({ args, position }: Directive, own: OwnVariables): ProxyRedirect {
  const [from = "", to] = args;
  if (to === undefined) {
    if (from === "default") return { kind: "default" };
    if (from === "false") throw NginxConfigError.at(position, 'invalid parameter "false", use "off" instead');
    throw invalidParameter(position, from);
  }
  const target = compileTemplate(to, own, position);
  if (!from.startsWith("~")) return { kind: "prefix", from: compileTemplate(from, own, position), to: target };
  const caseless = from.startsWith("~*");
  return { kind: "regex", from: compileRegex(from.slice(caseless ? 2 : 1), caseless, position), to: target };
}

/** @throws NginxConfigError as nginx would. */
export function readProxyPass(
  { args, position }: Directive,
  kind: "exact" | "prefix" | "regex" | "named",
  context: TranslateContext,
): ProxyPass {
  const [url = ""] = args;
  if (url.includes("$")) return { kind: "variable", url: compileTemplate(url, context.own, position), position };
  const parts = splitProxyUrl(url);
  if (parts === undefined) throw NginxConfigError.at(position, "invalid URL prefix");
  if (parts.uri !== undefined && (kind === "regex" || kind === "named")) {
    throw NginxConfigError.at(
      position,
      '"proxy_pass" cannot have URI part in location given by regular expression, or inside named location, ' +
        'or inside "if" statement, or inside "limit_except" block',
    );
  }
  const group = groupOf(parts.authority, parts.scheme, position, context);
  const { scheme, authority, hostHeader, port } = parts;
  return { kind: "fixed", target: { scheme, authority, hostHeader, port, group }, uri: parts.uri };
}

/** The upstream block of this name, or a group made for the address. */
function groupOf(
  authority: string,
  scheme: "http" | "https",
  position: ConfigPosition,
  context: TranslateContext,
): string {
  const named = context.upstreams.get(authority);
  if (named !== undefined) {
    if (scheme === "http") return authority;
    context.upstreams.set(authority + httpsSuffix, named);
    return authority + httpsSuffix;
  }
  const [name = ""] = authority.split(":");
  if (name !== "unix" && authority.includes(":") && context.upstreams.has(name)) {
    throw NginxConfigError.at(position, `upstream "${name}" may not have port ${authority.slice(name.length + 1)}`);
  }
  const address = parseServerAddress(authority, position, scheme === "https" ? 443 : 80);
  const key = address.kind === "unix" ? authority : `${authority} by ${scheme}`;
  if (!context.upstreams.has(key)) context.upstreams.set(key, implicitGroup(authority, position, address));
  return key;
}
