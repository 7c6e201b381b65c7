import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";

/** How long a client may say nothing (nginx's lingering_timeout), and how much it may still send, before the connection is cut under it. */
const LINGER_MS = 5_000;
const LINGER_BYTES = 64 * 1024 * 1024;

/**
 * Responds to a request whose body is not read to its end, and closes the connection. What the client still sends is thrown
 * away for a while: closing at once would reset the connection, and the client might never see the response.
 */
export function closeAfterResponse(request: IncomingMessage, status: string, body: unknown, requestId: string): void {
  const { socket } = request;
  if (!socket.writable) return;
  socket.write(rawResponse(status, body, [`X-Request-Id: ${requestId}`]));
  let left = LINGER_BYTES;
  request.on("data", (bytes: Buffer) => {
    left -= bytes.length;
    if (left < 0) socket.destroy();
  });
  request.once("end", () => socket.end());
  request.once("error", () => socket.destroy());
  socket.setTimeout(LINGER_MS, () => socket.destroy());
}

/** Responds to bytes that are no request, and closes the connection. */
export function closeWithResponse(socket: Socket, status: string, body: unknown): void {
  socket.end(rawResponse(status, body, []));
}

function rawResponse(status: string, body: unknown, headers: readonly string[]): string {
  const text = JSON.stringify(body);
  const lines = [
    `HTTP/1.1 ${status}`,
    "Content-Type: application/json; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(text)}`,
    "Connection: close",
    ...headers,
  ];
  return `${lines.join("\r\n")}\r\n\r\n${text}`;
}
