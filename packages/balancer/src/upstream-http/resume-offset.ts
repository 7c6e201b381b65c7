import { RESUME_HEADER } from "@drover/contract/headers";
import type { Framing, ResponseHead } from "./response-head.ts";
import { headerValue } from "./hop-by-hop.ts";

/**
 * Bytes of the body that a worker leaves out because the client has them already: 0 where its response could be resumed later.
 * Undefined: a response that ends with its worker.
 */
export function resumeOffset(head: ResponseHead, framing: Framing): number | undefined {
  const said = headerValue(head.headers, RESUME_HEADER);
  const isStream = isEventStream(head) && framing.kind === "chunked" && head.status === 200;
  return isStream && said !== undefined ? Number(said) : undefined;
}

export function isEventStream(head: ResponseHead): boolean {
  return /^text\/event-stream\b/i.test(headerValue(head.headers, "content-type") ?? "");
}
