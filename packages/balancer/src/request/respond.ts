import { REQUEST_ID_HEADER } from "@drover/contract/headers";
import type { Clock } from "@drover/foundation/clock";
import { endResponse } from "@drover/foundation/network/end-response";
import type { ServerResponse } from "node:http";
import type { OwnResponse } from "../own-routes/own-response.ts";
import { errorEnvelope, type ProxyError } from "../error-envelope.ts";

export interface Sending {
  readonly requestId: string;
  /** Bounds how long a client may go on sending its request. */
  readonly clock: Pick<Clock, "after">;
}

/** Sends a response that the balancer makes itself; nothing when the head is already out. @returns bytes of the body that goes out */
export function respond(response: ServerResponse, own: OwnResponse, { requestId, clock }: Sending): number {
  if (response.headersSent || response.destroyed) return 0;
  const headers = [
    "Content-Type",
    own.contentType,
    "Content-Length",
    String(Buffer.byteLength(own.body)),
    REQUEST_ID_HEADER,
    requestId,
    ...(own.headers ?? []),
  ];
  response.writeHead(own.status, headers);
  endResponse(response, own.body, clock);
  return response.req.method === "HEAD" ? 0 : Buffer.byteLength(own.body);
}

/** Sends an error in the envelope of the API that was asked. @returns as `respond` does */
export function respondError(
  response: ServerResponse,
  error: ProxyError,
  headers: readonly string[],
  sending: Sending,
): number {
  const body = errorEnvelope(error, response.req);
  return respond(response, { status: error.status, contentType: "application/json", body, headers }, sending);
}
