import { RESUME_HEADER } from "@drover/contract/headers";
import { type Asker, streamForm } from "@drover/contract/routes";
import type { Framing, ResponseHead } from "./response-head.ts";
import { headerValue } from "./hop-by-hop.ts";

/**
 * Bytes of the body that a worker leaves out because the client has them already: 0 where its response could be resumed later.
 * Undefined: a response that ends with its worker.
 */
export function resumeOffset(asker: Asker, head: ResponseHead, framing: Framing): number | undefined {
  const offset = headerValue(head.headers, RESUME_HEADER);
  const isStream = isStreamFor(asker, head) && framing.kind === "chunked" && head.status === 200;
  return isStream && offset !== undefined ? Number(offset) : undefined;
}

const types = { events: /^text\/event-stream\b/i, lines: /^application\/x-ndjson\b/i };

/** Whether it is a stream as this API has them, whose end can be an error of the API's own. */
export function isStreamFor(asker: Asker, head: ResponseHead): boolean {
  return types[streamForm(asker)].test(headerValue(head.headers, "content-type") ?? "");
}
