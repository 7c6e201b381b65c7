import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { forgetParser, HeldConnection } from "./held-connection.ts";
import type { RequestOrder } from "./request-order.ts";

/**
 * Refuses what cannot be read once the connection owes no response: a client would take the refusal for the response that it waits for. Where the body of
 * a request is what cannot be read, and its response has begun or is not the next one, the connection ends instead.
 * @param last the request whose head was read last
 */
export function refuseInTurn(
  socket: Socket,
  { order, last }: { readonly order: RequestOrder; readonly last: IncomingMessage | undefined },
  refuse: () => void,
): void {
  if (last?.complete === false) {
    const response = order.current(socket);
    if (response?.req === last && !response.headersSent) refuse();
    else socket.destroySoon();
    return;
  }
  if (order.isIdle(socket) || !forgetParser(socket)) {
    refuse();
    return;
  }
  const held = new HeldConnection(socket, Buffer.alloc(0));
  order.whenIdle(socket, () => {
    held.letGo();
    refuse();
  });
}
