import { unknownUrl } from "@drover/contract/api-errors";
import { methodsOf } from "@drover/contract/routes";
import { type FrontDoor, authenticate, limitError, limitsOf, useSeenBy } from "./access/front-door.ts";
import type { KeyLimits } from "./access/key-limits.ts";
import { isPreflight, preflightHeaders } from "./access/cors.ts";
import { pageProblem } from "./http/host-check.ts";
import { guestRoute, isOpenPath, ownRoute, type OwnRouteParts } from "./own-routes/own-routes.ts";
import type { OwnResponse } from "./own-routes/own-response.ts";
import { storeRoute } from "./response-store/store-routes.ts";
import type { ClientRequest } from "./request/client-request.ts";
import { forwardClientRequest } from "./request/forward-client-request.ts";
import type { Forwarder } from "./request/forwarded-request.ts";

/** What serves requests. */
export interface Services {
  /** The door that is open now; a reload opens another one. */
  readonly door: () => FrontDoor;
  readonly limits: KeyLimits;
  /** Told of each request that uses the workers, for as long as it lasts. */
  readonly onUse: (request: ClientRequest) => void;
  readonly ownRoutes: OwnRouteParts;
  readonly forwarder: Forwarder;
}

/** One request from its head to the last byte of its response: access, own route, or queue, pool and upstream. Never throws. */
export async function serveRequest(request: ClientRequest, services: Services): Promise<void> {
  try {
    if (!pageAllowed(request, services) || servesPreflight(request, services)) return;
    const { ownRoutes } = services;
    const { incoming } = request.arrival;
    const guest = guestRoute(incoming, request.path, ownRoutes);
    const isOpen = guest === undefined ? isOpenPath(request.path, ownRoutes) : !guest.needsKey;
    if (!isOpen && !authenticated(request, services)) return;
    const stored = guest === undefined ? fromStore(request, services) : undefined;
    if (stored !== undefined) {
      await withinLimits(request, services, { generates: false, serve: () => respondFully(request, stored()) });
      return;
    }
    const own = guest === undefined ? balancersOwn(request, services) : guest.respond();
    if (own !== undefined) request.respond(own instanceof Promise ? await own : own);
    else if (isUnknownToSleepers(request, services)) request.refuse(unknownUrl(request.method, request.path));
    else await withinLimits(request, services, forwarding(request, services));
  } catch (error) {
    services.forwarder.logger.error({ err: error, id: request.id }, "a request failed in the balancer itself");
    const message = "the balancer failed on this request; its log has the reason";
    request.refuse({ status: 500, message, code: "internal_error" });
    if (!request.response.writableEnded) request.response.destroy();
  }
}

function fromStore(request: ClientRequest, { forwarder }: Services) {
  const store = forwarder.responses();
  return store && storeRoute(request.method, request.path, request.caller?.stateOwner ?? "", store);
}

/** Until its client has it, or has left: it may be megabytes. */
function respondFully(request: ClientRequest, own: OwnResponse): Promise<void> {
  const { response } = request;
  return new Promise((resolve) => {
    if (response.closed) return resolve();
    response.once("close", resolve);
    request.respond(own);
  });
}

function balancersOwn(request: ClientRequest, { door, ownRoutes }: Services) {
  return ownRoute(request.arrival.incoming, request.path, ownRoutes, useSeenBy(door(), request.caller));
}

function pageAllowed(request: ClientRequest, { door, forwarder }: Services): boolean {
  const { keys, rules } = door();
  if (keys.size > 0 || request.arrival.fromTrustedProxy) return true;
  const problem = pageProblem(request.arrival.incoming, rules);
  if (problem === undefined) return true;
  forwarder.metrics.countRefusal(problem.code);
  request.refuse(problem);
  return false;
}

function servesPreflight(request: ClientRequest, { door }: Services): boolean {
  const { incoming } = request.arrival;
  if (door().rules.corsOrigins.length === 0 || !isPreflight(incoming)) return false;
  request.respond({ status: 204, contentType: "text/plain", body: "", headers: preflightHeaders(incoming) });
  return true;
}

function authenticated(request: ClientRequest, { door, forwarder }: Services): boolean {
  const found = authenticate(door(), request.arrival.incoming);
  if ("code" in found) {
    forwarder.metrics.countRefusal(found.code);
    request.refuse(found, ["WWW-Authenticate", "Bearer"]);
    return false;
  }
  request.admit(found.caller);
  return true;
}

/** What there is to do for a request. */
interface Work {
  /** It takes tokens. */
  readonly generates: boolean;
  readonly serve: () => Promise<void>;
}

function forwarding(request: ClientRequest, { forwarder, onUse }: Services): Work {
  const serve = (): Promise<void> => {
    if (isUse(request, forwarder)) onUse(request);
    return forwardClientRequest(request, forwarder);
  };
  return { generates: request.needsSlot, serve };
}

/** What workers say of themselves (`GET /v1/models`, `/api/tags`, `/props`) is none, and neither is what they do not have. */
function isUse({ route }: ClientRequest, { ownsApi }: Forwarder): boolean {
  return route === undefined ? !ownsApi() : route.method !== "GET";
}

/** No worker has it, so none is woken to say so. */
function isUnknownToSleepers({ path }: ClientRequest, { ownRoutes, forwarder }: Services): boolean {
  return forwarder.ownsApi() && ownRoutes.readiness()?.kind === "asleep" && methodsOf(path).length === 0;
}

/** Serves it, and counts it for its key's limits until it ends. */
async function withinLimits(request: ClientRequest, services: Services, { generates, serve }: Work): Promise<void> {
  const { door, limits, forwarder } = services;
  const asking = { generates, hasKey: request.caller !== undefined };
  const entry = limits.enter(request.owner, limitsOf(door(), request.caller), asking);
  request.limitFields = entry.fields;
  if (entry.kind === "refused") {
    const error = limitError(entry);
    forwarder.metrics.countRefusal(error.code);
    request.refuse(error, ["Retry-After", String(Math.max(1, Math.ceil(entry.retryAfterMs / 1000)))]);
    return;
  }
  request.onTokens.push((tokens) => entry.settle(tokens && tokens.prompt + tokens.completion));
  try {
    await serve();
  } finally {
    entry.leave();
  }
}
