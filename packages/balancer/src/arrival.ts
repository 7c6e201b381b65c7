import type http from "node:http";
import { REQUEST_ID_HEADER } from "@drover/contract/headers";
import { requestIdOf } from "@drover/contract/request-id";
import { corsHeaders } from "./access/cors.ts";
import type { FrontDoor } from "./access/front-door.ts";
import { clientAddress } from "./access/trusted-proxies.ts";
import type { BalancerOptions } from "./balancer-api.ts";
import type { Arrival } from "./request/client-request.ts";
import type { ClientConnection } from "./upstream-http/tunnel.ts";

/** A request as the server hands it over. */
export interface Received {
  readonly incoming: http.IncomingMessage;
  readonly response: http.ServerResponse;
  readonly switchable: ClientConnection | undefined;
}

/** What is known of a request by its head alone. `call`: its number. */
export function arrivalOf(received: Received, call: number, door: FrontDoor, options: BalancerOptions): Arrival {
  const { incoming, response, switchable } = received;
  const { trusted, rules } = door;
  const { clock, random, tracing } = options;
  return {
    incoming,
    response,
    switchable,
    id: requestIdOf(incoming.headers[REQUEST_ID_HEADER], random),
    call: String(call),
    trace: tracing?.begin(incoming.headers, clock.epochMs()),
    clientAddress: clientAddress(incoming, trusted),
    fromTrustedProxy: trusted.has(incoming.socket.remoteAddress ?? ""),
    receivedAtMs: clock.monotonicMs(),
    responseHeaders: corsHeaders(incoming.headers.origin, rules.corsOrigins),
    decidesCors: rules.corsOrigins.length > 0,
  };
}
