import { headText, type RelayedHead } from "@drover/balancer/engine";
import { isFieldValue } from "../../model/field-value.ts";
import type { LocationSettings } from "../../model/model.ts";
import { evaluate } from "../../model/template.ts";
import { reasonOf } from "./special-pages.ts";
import type { RequestState } from "../request/request-state.ts";
import type { Runtime } from "../runtime.ts";

/** What goes out as `Server` and at the foot of nginx's own pages. */
export function serverText({ serverTokens }: LocationSettings, { version }: Runtime): string {
  return serverTokens === "off" ? "drover" : `drover/${version}`;
}

/** Statuses `add_header` is for without `always`. */
const addable: ReadonlySet<number> = new Set([200, 201, 204, 206, 301, 302, 303, 304, 307, 308]);

export interface HeadParts {
  readonly status: number;
  /** The upstream's own; undefined takes nginx's. */
  readonly reason?: string;
  readonly contentType?: string | undefined;
  readonly contentLength?: number | undefined;
  readonly location?: string | undefined;
  /** All other fields. */
  readonly fields?: readonly string[];
  /** Fields of the upstream's that stand for nginx's own where `proxy_pass_header` lets them through. */
  readonly server?: string | undefined;
  readonly date?: string | undefined;
}

/**
 * A head as it is written: nginx's own fields first, in its order, then the response's, then those of `add_header`.
 * One that has not all its fields says so in `state.unsendable`; it is sent only if it is that of the 400 that tells so.
 */
export function buildHead(state: RequestState, parts: HeadParts): RelayedHead {
  const { settings } = state;
  const status = state.errorStatus ?? parts.status;
  const reason = state.errorStatus === undefined ? (parts.reason ?? reasonOf(status)) : reasonOf(status);
  const fields = [
    "Server",
    parts.server ?? serverText(settings, state.runtime),
    "Date",
    parts.date ?? new Date(state.clock.epochMs()).toUTCString(),
  ];
  if (parts.contentType !== undefined) fields.push("Content-Type", parts.contentType);
  if (parts.contentLength !== undefined) fields.push("Content-Length", String(parts.contentLength));
  if (parts.location !== undefined) putEvaluated(state, fields, "Location", parts.location);
  const keepAlive = staysOpen(state);
  // Node does not see to the connection of a request that offered another protocol.
  if (!keepAlive && state.switchable !== undefined) state.response.shouldKeepAlive = false;
  fields.push("Connection", status === 101 ? "upgrade" : keepAlive ? "keep-alive" : "close");
  if (keepAlive && settings.keepaliveHeaderSeconds !== undefined) {
    fields.push("Keep-Alive", `timeout=${settings.keepaliveHeaderSeconds}`);
  }
  fields.push(...(parts.fields ?? []));
  // Variables in add_header may refer to the response itself.
  state.status = status;
  state.sentFields = fields;
  addConfigured(state, status, fields);
  state.headBytes = headText(status, reason, fields).length;
  return { status, reason, headers: fields };
}

/** Whether the client's connection is kept after this response, by nginx's rules. */
function staysOpen(state: RequestState): boolean {
  const { settings, connection, request, response } = state;
  if (settings.keepaliveTimeoutMs === 0 || !response.shouldKeepAlive) return false;
  if (connection.requests >= settings.keepaliveRequests) return false;
  if (state.clock.monotonicMs() - connection.openedAtMs >= settings.keepaliveLifetimeMs) return false;
  if (request.httpVersion === "1.0") {
    return state.headerValues("connection").some((value) => /\bkeep-alive\b/i.test(value));
  }
  return !state.headerValues("connection").some((value) => /\bclose\b/i.test(value));
}

function addConfigured(state: RequestState, status: number, fields: string[]): void {
  for (const { name, value, always } of state.settings.addHeaders) {
    if (!always && !addable.has(status)) continue;
    const text = evaluate(value, state);
    const lower = name.toLowerCase();
    if (lower === "last-modified" || lower === "etag") remove(fields, lower);
    if (text !== "") putEvaluated(state, fields, name, text);
  }
}

/** A variable can have any bytes, since a client may encode any in its path; what would end the header is left out, and `unsendable` says so. */
export function putEvaluated(state: RequestState, fields: string[], name: string, value: string): void {
  if (isFieldValue(value)) fields.push(name, value);
  else state.unsendable ??= `the header "${name}"`;
}

/** These two are set by `add_header`, where all others are added. */
function remove(fields: string[], lowerName: string): void {
  for (let index = fields.length - 2; index >= 0; index -= 2) {
    if (fields[index]?.toLowerCase() === lowerName) fields.splice(index, 2);
  }
}

/** nginx makes a Location that starts with `/` absolute, with the host it was asked by and the port it listens on. */
export function absoluteUrl(state: RequestState, location: string): string {
  const { redirects } = state.settings;
  if (!location.startsWith("/") || !redirects.absolute) return location;
  const scheme = state.connection.tls === undefined ? "http" : "https";
  const host = redirects.serverName && state.serverName !== "" ? state.serverName : state.host;
  const port = state.connection.serverPort;
  const isUsual = port === (scheme === "http" ? 80 : 443) || port === 0;
  return `${scheme}://${host}${redirects.port && !isUsual ? `:${port}` : ""}${location}`;
}
