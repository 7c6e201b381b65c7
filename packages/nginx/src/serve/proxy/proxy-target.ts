import type { LocationModel, ProxyPass, ProxyTarget } from "../../model/model.ts";
import { type ProxyUrl, splitProxyUrl } from "../../model/proxy-url.ts";
import { evaluate } from "../../model/template.ts";
import { escapeUri } from "../../model/uri.ts";
import type { RequestState } from "../request/request-state.ts";

/** The request line's target for the upstream, by the rules of nginx's `ngx_http_proxy_create_request`. */
export function proxyTarget(state: RequestState, location: LocationModel, uri: string | undefined): string {
  if (uri === undefined && !state.isInternal) return state.requestUri;
  const replaced = uri === undefined ? 0 : location.name.length;
  const rest = state.uri.slice(replaced);
  // A path that came without escapes goes out without.
  const isQuoted = state.isInternal || /[% ]/.test(state.requestUri.split("?", 1)[0] ?? "");
  const path = `${uri ?? ""}${isQuoted ? escapeUri(rest) : rest}`;
  return state.args === "" ? path : `${path}?${state.args}`;
}

/** A `proxy_pass` with variables, evaluated: what nginx's `ngx_http_proxy_eval` makes of it. */
export function evaluatedUrl(
  state: RequestState,
  pass: Extract<ProxyPass, { kind: "variable" }>,
): ProxyUrl | undefined {
  return splitProxyUrl(evaluate(pass.url, state));
}

/** The fields of the request to the upstream: those of `proxy_set_header`, nginx's, and the client's that neither names. */
export function proxyFields(state: RequestState, location: LocationModel): string[] {
  const { setHeaders, passHeaders } = location.settings.proxy;
  const fields: string[] = [];
  const names = new Set<string>();
  for (const { name, value } of setHeaders) {
    names.add(name.toLowerCase());
    const text = evaluate(value, state);
    if (text !== "" && name.toLowerCase() !== "content-length") fields.push(name, text);
  }
  if (!passHeaders) return fields;
  for (let index = 0; index < state.fields.length; index += 2) {
    const name = state.fields[index] ?? "";
    if (!names.has(name.toLowerCase())) fields.push(name, state.fields[index + 1] ?? "");
  }
  return fields;
}

/** `Location` and `Refresh` by `proxy_redirect`; undefined where no rule is for it. */
export function redirectedLocation(state: RequestState, location: LocationModel, value: string): string | undefined {
  const { redirects } = location.settings.proxy;
  const pass = location.proxy;
  if (redirects === "off") return undefined;
  for (const rule of redirects === "default" ? [{ kind: "default" as const }] : redirects) {
    if (rule.kind === "regex") {
      const captures = rule.from.exec(value);
      if (captures === null) continue;
      const outer = state.captures;
      state.captures = captures;
      const text = evaluate(rule.to, state);
      state.captures = outer;
      return value.slice(0, captures.index) + text + value.slice(captures.index + captures[0].length);
    }
    const [from, to] =
      rule.kind === "prefix"
        ? [evaluate(rule.from, state), evaluate(rule.to, state)]
        : defaultRedirect(location, pass?.kind === "fixed" ? pass : undefined);
    if (from !== "" && value.startsWith(from)) return to + value.slice(from.length);
  }
  return undefined;
}

function defaultRedirect(
  location: LocationModel,
  pass: { readonly target: ProxyTarget; readonly uri: string | undefined } | undefined,
): readonly [from: string, to: string] {
  if (pass === undefined) return ["", ""];
  const { scheme, authority } = pass.target;
  const url = `${scheme}://${authority}`;
  return pass.uri === undefined ? [`${url}/`, "/"] : [`${url}${pass.uri}`, location.name];
}
