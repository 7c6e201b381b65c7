import http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import type { ClientConnection } from "../upstream-http/tunnel.ts";
import { forgetParser, HeldConnection } from "./held-connection.ts";
import { LateRequests } from "./late-requests.ts";
import { type ParseError, RawTargets } from "./raw-targets.ts";
import { boundReading } from "./reading/bounded-reading.ts";
import { JoinedRequest } from "./reading/joined-request.ts";
import type { RequestOrder } from "./request-order.ts";
import { Upgrades } from "./upgrades.ts";

/** What is done with what comes in. */
export interface OrderedHandlers {
  /** Told of each request's head, before the request is served. */
  readonly onHead?: (response: http.ServerResponse) => void;
  /**
   * Called once every earlier request of the connection is over.
   * @param switchable the client offers another protocol, and an upstream may take the offer
   */
  readonly onRequest: (
    request: http.IncomingMessage,
    response: http.ServerResponse,
    switchable: ClientConnection | undefined,
  ) => void;
  /**
   * Told of what is no HTTP request, stops being one in its body, or did not arrive in time (`ERR_HTTP_REQUEST_TIMEOUT`), once the connection owes no
   * other response. Nobody is told of a client that is gone.
   */
  readonly onUnreadable: (error: ParseError, socket: Socket) => void;
}

/** The client is gone, or hung up in the middle of a request; nginx sends nothing either. */
const goneCodes: ReadonlySet<string | undefined> = new Set(["ECONNRESET", "EPIPE", "HPE_INVALID_EOF_STATE"]);

/**
 * A server that reads of each connection no more than it serves, one request after the other, as nginx does. It sends nothing of its own:
 * its user refuses requests without a `Host`, with too many fields, and those that it is told of as unreadable.
 * @param tls undefined: the server does not speak TLS
 */
export function createOrderedServer(
  options: http.ServerOptions,
  tls: https.ServerOptions | undefined,
  order: RequestOrder,
  { onHead, onRequest, onUnreadable }: OrderedHandlers,
): http.Server {
  const all = {
    ...options,
    insecureHTTPParser: false,
    noDelay: true,
    IncomingMessage: JoinedRequest,
    requireHostHeader: false,
  };
  const server = tls === undefined ? http.createServer(all) : https.createServer({ ...all, ...tls });
  // All fields count, so that too many are refused rather than dropped in silence; maxHeaderSize bounds them.
  server.maxHeadersCount = 0;
  boundReading(server, order);
  const late = new LateRequests();
  const upgrades = new Upgrades(server, order, (request, response, switchable) => {
    onHead?.(response);
    onRequest(request, response, switchable);
  });
  const take = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    late.begun(request);
    onHead?.(response);
    const switchable = upgrades.offerOf(request);
    order.take(request.socket, response, () => onRequest(request, response, switchable));
  };
  // Whether to send 100 is decided where the body is read.
  server.on("request", take).on("checkContinue", take).on("checkExpectation", take);
  const rawTargets = new RawTargets(server, order);
  server.on("clientError", (error: ParseError, socket: Socket) => {
    if (rawTargets.retake(error, socket)) return;
    const refuse = (): void =>
      refuseInTurn(socket, { order, last: late.last(socket) }, () => onUnreadable(error, socket));
    if (goneCodes.has(error.code)) socket.destroy();
    else if (error.code !== "ERR_HTTP_REQUEST_TIMEOUT") refuse();
    // Where the server bounds no request's body, it is a head that is late.
    else if (server.requestTimeout === 0) late.unlessBegun(socket, refuse);
    else late.unlessRead(socket, refuse);
  });
  return server;
}

/**
 * Refuses what cannot be read once the connection owes no response: a client would take the refusal for the response that it waits for. Where the body of
 * a request is what cannot be read, and its response has begun or is not the next one, the connection ends instead.
 * @param last the request whose head was read last
 */
function refuseInTurn(
  socket: Socket,
  { order, last }: { readonly order: RequestOrder; readonly last: http.IncomingMessage | undefined },
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
