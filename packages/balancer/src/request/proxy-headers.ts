import {
  CALL_HEADER,
  INTERJECT_HEADER,
  OWNER_HEADER,
  QUEUE_EVENTS_HEADER,
  REQUEST_ID_HEADER,
  RESPONSE_STORE_HEADER,
  RESUME_HEADER,
  SECRET_HEADER,
  WORKER_HEADER,
} from "@drover/contract/headers";
import type { Upstream } from "../pool/upstream.ts";
import type { RelayedHead, ResponseHead } from "../upstream-http/response-head.ts";
import { headerValue, withoutHopByHop } from "../upstream-http/hop-by-hop.ts";
import type { ClientRequest } from "./client-request.ts";

/** Set anew for the upstream, whatever the client sent. */
const replaced: ReadonlySet<string> = new Set([
  "content-length",
  "expect",
  REQUEST_ID_HEADER,
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  SECRET_HEADER,
  INTERJECT_HEADER,
  QUEUE_EVENTS_HEADER,
  RESPONSE_STORE_HEADER,
  RESUME_HEADER,
  OWNER_HEADER,
  CALL_HEADER,
]);
const keyFields = ["authorization", "x-api-key"];
const traceFields = ["traceparent", "tracestate"];
const replacedAndKey: ReadonlySet<string> = new Set([...replaced, ...keyFields]);
const replacedAndTrace: ReadonlySet<string> = new Set([...replaced, ...traceFields]);
const replacedAndBoth: ReadonlySet<string> = new Set([...replaced, ...keyFields, ...traceFields]);

/** Our own key is not for the upstream, and our span stands for the client's. */
function replacedOf({ keyLabel, arrival }: ClientRequest): ReadonlySet<string> {
  if (arrival.trace === undefined) return keyLabel === undefined ? replaced : replacedAndKey;
  return keyLabel === undefined ? replacedAndTrace : replacedAndBoth;
}

/** The client's fields as an upstream gets them: no hop-by-hop ones, and `x-forwarded-*` only as we know it ourselves or from a trusted proxy. */
export function upstreamHeaders(request: ClientRequest): string[] {
  const { incoming, fromTrustedProxy, trace } = request.arrival;
  const headers = withoutHopByHop(incoming.rawHeaders, replacedOf(request));
  const before = (name: string): string | undefined => {
    const value = fromTrustedProxy ? incoming.headers[name] : undefined;
    return value === undefined ? undefined : String(value);
  };
  const address = incoming.socket.remoteAddress ?? "unknown";
  const forwardedFor = before("x-forwarded-for");
  const { host } = incoming.headers;
  if (host === undefined) headers.push("Host", "localhost");
  else headers.push("x-forwarded-host", before("x-forwarded-host") ?? host);
  headers.push("x-forwarded-for", forwardedFor === undefined ? address : `${forwardedFor}, ${address}`);
  headers.push("x-forwarded-proto", before("x-forwarded-proto") ?? ("encrypted" in incoming.socket ? "https" : "http"));
  headers.push(REQUEST_ID_HEADER, request.id, ...(trace?.headers ?? []));
  if (request.wantsWebSocket) headers.push("Connection", "Upgrade", "Upgrade", "websocket");
  return headers;
}

const hidden: ReadonlySet<string> = new Set([
  REQUEST_ID_HEADER,
  "x-accel-redirect",
  "x-accel-expires",
  "x-accel-limit-rate",
  "x-accel-buffering",
  "x-accel-charset",
  INTERJECT_HEADER,
  RESPONSE_STORE_HEADER,
  RESUME_HEADER,
]);

const hiddenWithCors: ReadonlySet<string> = new Set([
  ...hidden,
  "access-control-allow-origin",
  "access-control-allow-credentials",
  "access-control-allow-headers",
  "access-control-allow-methods",
  "access-control-expose-headers",
  "access-control-max-age",
]);

/** The response's fields as the client gets them; an event stream asks further proxies not to buffer it. */
export function relayedHead(head: ResponseHead, request: ClientRequest, extra: readonly string[]): RelayedHead {
  const headers = withoutHopByHop(head.headers, request.arrival.decidesCors ? hiddenWithCors : hidden);
  headers.push(REQUEST_ID_HEADER, request.id, ...extra, ...request.responseHeaders);
  if (headerValue(headers, "content-type")?.startsWith("text/event-stream")) headers.push("X-Accel-Buffering", "no");
  if (head.status === 101) headers.push("Connection", "Upgrade", "Upgrade", headerValue(head.headers, "upgrade") ?? "");
  return { status: head.status, reason: head.reason, headers };
}

/** Names the worker that responds, but no other upstream: their ids are internal addresses. */
export function workerHeader({ owned, id }: Upstream): readonly string[] {
  return owned ? [WORKER_HEADER, id] : [];
}
