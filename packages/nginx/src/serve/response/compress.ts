import { headerValue } from "@drover/balancer/engine";
import type { GzipRules } from "../../model/model.ts";
import type { HeadParts } from "./response-fields.ts";
import type { RequestState } from "../request/request-state.ts";

const compressible: ReadonlySet<number> = new Set([200, 403, 404]);

/**
 * The head of a response as it goes out compressed, and the level; the same head where it goes out as it is.
 * Source: `ngx_http_gzip_header_filter`, `ngx_http_gzip_ok`.
 */
export function compressed(
  state: RequestState,
  parts: HeadParts,
): { readonly parts: HeadParts; readonly level?: number } {
  const { gzip } = state.settings;
  if (gzip === undefined || !isWorthIt(state, parts, gzip)) return { parts };
  const fields = [...(parts.fields ?? [])];
  if (gzip.vary) fields.push("Vary", "Accept-Encoding");
  if (!isWanted(state, parts, gzip)) return { parts: { ...parts, fields } };
  const kept: string[] = [];
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index] ?? "";
    const value = fields[index + 1] ?? "";
    const lower = name.toLowerCase();
    if (lower === "accept-ranges") continue;
    kept.push(name, lower === "etag" && value.startsWith('"') ? `W/${value}` : value);
  }
  kept.push("Content-Encoding", "gzip");
  return { parts: { ...parts, contentLength: undefined, fields: kept }, level: gzip.level };
}

function isWorthIt(state: RequestState, parts: HeadParts, gzip: GzipRules): boolean {
  const type = (parts.contentType ?? "").split(";", 1)[0]?.trim().toLowerCase() ?? "";
  return (
    compressible.has(state.errorStatus ?? parts.status) &&
    (headerValue(parts.fields ?? [], "content-encoding") ?? "") === "" &&
    (parts.contentLength === undefined || parts.contentLength >= gzip.fewestBytes) &&
    type !== "" &&
    (gzip.types.has(type) || gzip.types.has("*"))
  );
}

/** Whether the client takes it. */
function isWanted(state: RequestState, parts: HeadParts, gzip: GzipRules): boolean {
  if (!acceptsGzip(state.headerValues("accept-encoding")[0] ?? "")) return false;
  if (state.request.httpVersion === "1.0" && gzip.httpVersion === "1.1") return false;
  const [agent = ""] = state.headerValues("user-agent");
  if (gzip.disabled.some((regex) => regex.find(agent) !== undefined)) return false;
  return state.headerValues("via").length === 0 || isForProxies(state, parts, gzip.proxied);
}

/** `gzip` with a quality that is not zero; `*` is not enough for nginx. */
function acceptsGzip(field: string): boolean {
  const [, quality = "1"] = /(?:^|[,\s])gzip\s*(?:;\s*q\s*=\s*([\d.]+))?\s*(?:,|$)/i.exec(field) ?? ["", "0"];
  return Number(quality) > 0;
}

function isForProxies(state: RequestState, parts: HeadParts, words: ReadonlySet<string>): boolean {
  const fields = parts.fields ?? [];
  const cacheControl = (headerValue(fields, "cache-control") ?? "").toLowerCase();
  const expires = headerValue(fields, "expires");
  return (
    words.has("any") ||
    (words.has("auth") && state.headerValues("authorization").length > 0) ||
    (words.has("expired") && expires !== undefined && !(Date.parse(expires) > state.clock.epochMs())) ||
    ["no-cache", "no-store", "private"].some((word) => words.has(word) && cacheControl.includes(word)) ||
    (words.has("no_last_modified") && headerValue(fields, "last-modified") === undefined) ||
    (words.has("no_etag") && headerValue(fields, "etag") === undefined)
  );
}
