import type http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";

/** Hands a connection that its parser has left to a new one, which reads the bytes first. */
export function reparseConnection(server: http.Server, socket: Socket, bytes: Buffer): void {
  // The time that a connection may be idle, which the new parser does not know of.
  socket.setTimeout(0);
  socket.unshift(bytes);
  server.emit(server instanceof https.Server ? "secureConnection" : "connection", socket);
}
