import { endResponse } from "@drover/foundation/network/end-response";
import type { Clock } from "@drover/foundation/clock";
import { type ServerResponse, STATUS_CODES } from "node:http";
import type { Socket } from "node:net";

/** Responds to a request whose body is not read to its end, and closes the connection. */
export function closeAfterResponse(response: ServerResponse, status: number, body: unknown, clock: Clock): void {
  const text = JSON.stringify(body);
  response.shouldKeepAlive = false;
  response.writeHead(status, { "content-type": JSON_TYPE, "content-length": Buffer.byteLength(text) });
  endResponse(response, text, clock);
}

/** Responds to bytes that are no request, and closes the connection. */
export function closeWithResponse(socket: Socket, status: number, body: unknown): void {
  const text = JSON.stringify(body);
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    `Content-Type: ${JSON_TYPE}`,
    `Content-Length: ${Buffer.byteLength(text)}`,
    "Connection: close",
  ];
  socket.end(`${lines.join("\r\n")}\r\n\r\n${text}`);
}

const JSON_TYPE = "application/json; charset=utf-8";
