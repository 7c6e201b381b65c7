import { keepCaptures } from "../../model/variable-source.ts";
import type { LocationModel, ProxyTarget } from "../../model/model.ts";
import { fitsRequestLine, isFieldValue } from "../../model/field-value.ts";
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

/** Method, target and fields of the request to the upstream; undefined where a variable has bytes that would end one of them, and `state.unsendable` names it. */
export function upstreamHead(
  state: RequestState,
  target: string,
): { readonly method: string; readonly target: string; readonly headers: string[] } | undefined {
  const { proxy } = state.settings;
  const method = proxy.method === undefined ? state.method : evaluate(proxy.method, state);
  if (!fitsRequestLine(method) || !fitsRequestLine(target)) {
    state.unsendable = "the request line";
    return undefined;
  }
  const headers = proxyFields(state);
  const bad = headers.findIndex((text, index) => index % 2 === 1 && !isFieldValue(text));
  if (bad === -1) return { method, target, headers };
  state.unsendable = `the header "${headers[bad - 1]}"`;
  return undefined;
}

/** The fields of the request to the upstream: those of `proxy_set_header`, nginx's, and the client's that neither names. */
function proxyFields(state: RequestState): string[] {
  const { setHeaders, passHeaders } = state.settings.proxy;
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
  const pass = location.proxy;
  for (const rule of location.settings.proxy.redirects) {
    if (rule.kind === "regex") {
      const captures = rule.from.find(value);
      if (captures === undefined || captures === "limit") continue;
      keepCaptures(state, captures);
      return evaluate(rule.to, state);
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
