import type { IncomingMessage } from "node:http";
import type { AnswerHead, RelayedHead } from "./forward-task.ts";
import { headerValue, withoutHopByHop } from "../upstream-http/hop-by-hop.ts";

/** Set anew for the upstream, whatever the client sent. */
const replaced: ReadonlySet<string> = new Set([
  "content-length",
  "expect",
  "x-request-id",
  "x-forwarded-for",
  "x-forwarded-proto",
  "x-forwarded-host",
  "x-drover-secret",
  "x-drover-queue-events",
  "x-drover-resume",
]);
const replacedAndKey: ReadonlySet<string> = new Set([...replaced, "authorization", "x-api-key"]);

/** Who sent the request, as far as the upstream is told. */
export interface Sender {
  readonly requestId: string;
  /** The proxy before us is trusted: what it says of the client is passed on. */
  readonly fromTrustedProxy: boolean;
  /** Our own key: not for the upstream. */
  readonly hideKey: boolean;
}

/** The client's fields as an upstream gets them: no hop-by-hop ones, and `x-forwarded-*` only as we know it ourselves or from a trusted proxy. */
export function upstreamHeaders(request: IncomingMessage, sender: Sender): string[] {
  const headers = withoutHopByHop(request.rawHeaders, sender.hideKey ? replacedAndKey : replaced);
  const before = (name: string): string | undefined => {
    const value = sender.fromTrustedProxy ? request.headers[name] : undefined;
    return value === undefined ? undefined : String(value);
  };
  const address = request.socket.remoteAddress ?? "unknown";
  const forwardedFor = before("x-forwarded-for");
  const { host } = request.headers;
  if (host === undefined) headers.push("Host", "localhost");
  else headers.push("x-forwarded-host", before("x-forwarded-host") ?? host);
  headers.push("x-forwarded-for", forwardedFor === undefined ? address : `${forwardedFor}, ${address}`);
  headers.push("x-forwarded-proto", before("x-forwarded-proto") ?? ("encrypted" in request.socket ? "https" : "http"));
  headers.push("x-request-id", sender.requestId);
  return headers;
}

const hidden: ReadonlySet<string> = new Set([
  "x-request-id",
  "x-accel-redirect",
  "x-accel-expires",
  "x-accel-limit-rate",
  "x-accel-buffering",
  "x-accel-charset",
  "x-drover-resume",
]);

/** The answer's fields as the client gets them; an event stream asks further proxies not to buffer it. */
export function relayedHead(head: AnswerHead, requestId: string, extra: readonly string[]): RelayedHead {
  const headers = withoutHopByHop(head.headers, hidden);
  headers.push("x-request-id", requestId, ...extra);
  if (headerValue(headers, "content-type")?.startsWith("text/event-stream")) headers.push("X-Accel-Buffering", "no");
  return { status: head.status, reason: head.reason, headers };
}
