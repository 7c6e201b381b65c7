import type { IncomingMessage, ServerResponse } from "node:http";
import { clientAddress } from "../access/trusted-proxies.ts";
import { corsHeaders, isPreflight, preflightHeaders } from "../access/cors.ts";
import type { ProxyError } from "../http/error-envelope.ts";
import { authenticate, limitError } from "../access/front-door.ts";
import { requestIdOf } from "./request-id.ts";
import { type OwnAnswer, respond, respondError } from "../http/respond.ts";
import { guestRoute, isOpenPath, serviceRoute, type ServiceParts } from "../own-routes/own-routes.ts";
import { forwardPassage, type ForwardParts } from "./forward-passage.ts";
import { endedHere, finish, type Passage } from "./passage.ts";

export type RouteParts = ForwardParts & ServiceParts;

/** One request from its head to the last byte of its answer: key, limits, own route, or body, place, upstream. Never throws. */
export async function routeRequest(
  request: IncomingMessage,
  response: ServerResponse,
  parts: RouteParts,
): Promise<void> {
  const door = parts.door();
  const passage: Passage = {
    request,
    response,
    requestId: requestIdOf(request.headers["x-request-id"], parts.random),
    clientAddress: clientAddress(request, door.trusted),
    startedAtMs: parts.clock.monotonicMs(),
    path: pathOf(request.url ?? "/"),
    extraHeaders: corsHeaders(request, door.rules.corsOrigins),
    keyLabel: undefined,
  };
  try {
    await serve(passage, parts);
  } catch (error) {
    parts.logger.error({ err: error, id: passage.requestId }, "a request failed in the balancer itself");
    const message = "the balancer failed on this request; its log has the reason";
    refuse(passage, parts, { status: 500, message, code: "internal_error" });
    if (!response.writableEnded) response.destroy();
  }
}

async function serve(passage: Passage, parts: RouteParts): Promise<void> {
  const { request, path } = passage;
  const door = parts.door();
  if (isPreflight(request) && door.rules.corsOrigins.length > 0) {
    answer(passage, { status: 204, contentType: "text/plain", body: "", headers: preflightHeaders(request) });
    return;
  }
  const guest = guestRoute(request, path, parts);
  const isOpen = guest === undefined ? isOpenPath(path, parts) : !guest.needsKey;
  const caller = isOpen ? { label: undefined } : authenticate(door, request);
  if ("code" in caller) {
    parts.metrics.countRefusal(caller.code);
    refuse(passage, parts, caller, ["WWW-Authenticate", "Bearer"]);
    return;
  }
  passage.keyLabel = caller.label;
  const own = guest === undefined ? serviceRoute(request, path, parts) : guest.respond();
  if (own !== undefined) answer(passage, own instanceof Promise ? await own : own);
  else await withinLimits(passage, parts);
}

async function withinLimits(passage: Passage, parts: RouteParts): Promise<void> {
  const { limits } = parts.door();
  if (!limits.active) {
    await forwardPassage(passage, parts);
    return;
  }
  const entry = await limits.enter(passage.keyLabel ?? passage.clientAddress);
  if (entry.kind === "refused") {
    const error = limitError(entry);
    parts.metrics.countRefusal(error.code);
    refuse(passage, parts, error, ["Retry-After", String(entry.retryAfterSeconds)]);
    return;
  }
  try {
    await forwardPassage(passage, parts);
  } finally {
    entry.leave();
  }
}

function answer(passage: Passage, own: OwnAnswer): void {
  const headers = [...(own.headers ?? []), ...passage.extraHeaders];
  respond(passage.response, passage.requestId, { ...own, headers });
}

function refuse(passage: Passage, parts: RouteParts, error: ProxyError, headers: readonly string[] = []): void {
  const { response, requestId, extraHeaders } = passage;
  const bodyBytes = respondError(response, requestId, error, [...headers, ...extraHeaders]);
  finish(passage, parts, endedHere(error.status, bodyBytes));
}

function pathOf(target: string): string {
  const query = target.indexOf("?");
  return query < 0 ? target : target.slice(0, query);
}
