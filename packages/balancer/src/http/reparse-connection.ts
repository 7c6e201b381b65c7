import type http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";

/** What the last parser listens for; one that was left has nothing to clear up, and on one connection there may be thousands. */
const ofParser = new WeakMap<Socket, (() => void)[]>();

/** Hands a connection that its parser has left to a new one, which reads the bytes first. */
export function reparseConnection(server: http.Server, socket: Socket, bytes: Buffer): void {
  // The time that a connection may be idle, which the new parser does not know of.
  socket.setTimeout(0);
  // One by one: after `removeAllListeners` a stream still believes that somebody listens, and the bytes would be lost. So they would be to a listener that stayed.
  for (const listener of socket.listeners("data")) socket.off("data", listener as () => void);
  socket.unshift(bytes);
  for (const listener of ofParser.get(socket) ?? []) socket.off("close", listener);
  const before = socket.listeners("close");
  server.emit(connectionEvent(server), socket);
  // Whoever held it may have paused it.
  socket.resume();
  ofParser.set(socket, socket.listeners("close").filter((listener) => !before.includes(listener)) as (() => void)[]);
}

/** The event of a connection that requests can be read from. */
export function connectionEvent(server: http.Server): "connection" | "secureConnection" {
  return server instanceof https.Server ? "secureConnection" : "connection";
}
