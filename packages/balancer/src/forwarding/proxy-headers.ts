import type { IncomingMessage } from "node:http";
import type { AnswerHead, RelayedHead } from "./forward-task.ts";
import { headerValue, withoutHopByHop } from "./hop-by-hop.ts";

/** Set anew for the upstream, whatever the client sent. */
const replaced: ReadonlySet<string> = new Set([
  "content-length",
  "expect",
  "x-request-id",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-drover-secret",
]);

/** The client's fields as an upstream gets them: no hop-by-hop ones, the client's address at the end of `x-forwarded-for`. */
export function upstreamHeaders(request: IncomingMessage, requestId: string): string[] {
  const headers = withoutHopByHop(request.rawHeaders, replaced);
  const address = request.socket.remoteAddress ?? "unknown";
  const before = request.headers["x-forwarded-for"];
  if (request.headers.host === undefined) headers.push("Host", "localhost");
  else headers.push("x-forwarded-host", request.headers.host);
  headers.push("x-forwarded-for", before === undefined ? address : `${String(before)}, ${address}`);
  headers.push("x-forwarded-proto", "encrypted" in request.socket ? "https" : "http");
  headers.push("x-request-id", requestId);
  return headers;
}

const hidden: ReadonlySet<string> = new Set([
  "x-request-id",
  "x-accel-redirect",
  "x-accel-expires",
  "x-accel-limit-rate",
  "x-accel-buffering",
  "x-accel-charset",
]);

/** The answer's fields as the client gets them; an event stream asks further proxies not to buffer it. */
export function relayedHead(head: AnswerHead, requestId: string): RelayedHead {
  const headers = withoutHopByHop(head.headers, hidden);
  headers.push("x-request-id", requestId);
  if (headerValue(headers, "content-type")?.startsWith("text/event-stream")) headers.push("X-Accel-Buffering", "no");
  return { status: head.status, reason: head.reason, headers };
}
