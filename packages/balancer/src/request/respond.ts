import { REQUEST_ID_HEADER } from "@drover/contract/headers";
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from "node:http";
import type { OwnResponse } from "../own-routes/own-response.ts";
import { errorEnvelope, type ProxyError } from "../error-envelope.ts";

/** Sends a response that the balancer makes itself; nothing when the head is already out. @returns bytes of the body that goes out */
export function respond(response: ServerResponse, requestId: string, own: OwnResponse): number {
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
  response.end(own.body);
  return response.req.method === "HEAD" ? 0 : Buffer.byteLength(own.body);
}

/** Sends an error in the envelope of the API that was asked. @returns as `respond` does */
export function respondError(
  response: ServerResponse,
  requestId: string,
  error: ProxyError,
  headers: readonly string[] = [],
): number {
  return respond(response, requestId, {
    status: error.status,
    contentType: "application/json",
    body: errorEnvelope(error, response.req),
    headers,
  });
}

/**
 * Refuses a request whose body is still coming, and closes: the response goes out, what the client still sends is read and dropped for
 * a while, so that no reset overtakes the response (nginx `lingering_close`). @returns bytes of the response's body
 */
export function refuseBody(
  request: IncomingMessage,
  requestId: string,
  error: ProxyError,
  headers: readonly string[],
): number {
  const { socket } = request;
  const body = errorEnvelope(error, request);
  const head = [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}`,
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    `${REQUEST_ID_HEADER}: ${requestId}`,
    "Connection: close",
  ];
  for (let index = 0; index < headers.length; index += 2) head.push(`${headers[index]}: ${headers[index + 1]}`);
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
  request.resume();
  socket.setTimeout(lingerMs, () => socket.destroy());
  request.once("end", () => socket.destroy());
  return Buffer.byteLength(body);
}

const lingerMs = 2000;
