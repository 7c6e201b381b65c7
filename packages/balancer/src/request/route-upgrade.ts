import type { IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { clientAddress } from "../access/trusted-proxies.ts";
import type { ProxyError } from "../http/error-envelope.ts";
import { authenticate, limitError } from "../access/front-door.ts";
import { requestIdOf } from "./request-id.ts";
import { answerRaw } from "../http/server.ts";
import { upstreamHeaders } from "./proxy-headers.ts";
import { forwardUpgrade } from "../upstream-http/upgrade.ts";
import { createAdmitter } from "../queue/admit.ts";
import { type Ending, endedHere, finish, type Visit } from "./passage.ts";
import type { RouteParts } from "./route-request.ts";

/** A connection that asks for another protocol. */
interface UpgradeVisit extends Visit {
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** A WebSocket or other upgrade from its head to the end of its connection; it holds a place, and counts for its key, as a request does. Never throws. */
export async function routeUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  parts: RouteParts,
): Promise<void> {
  socket.on("error", () => socket.destroy());
  const requestId = requestIdOf(request.headers["x-request-id"], parts.random);
  const address = clientAddress(request, parts.door().trusted);
  const startedAtMs = parts.clock.monotonicMs();
  const visit: UpgradeVisit = {
    request,
    socket,
    head,
    requestId,
    clientAddress: address,
    startedAtMs,
    keyLabel: undefined,
  };
  try {
    finish(visit, parts, await serve(visit, parts));
  } catch (error) {
    parts.logger.error({ err: error, id: requestId }, "an upgrade failed in the balancer itself");
    socket.destroy();
  }
}

async function serve(visit: UpgradeVisit, parts: RouteParts): Promise<Ending> {
  const door = parts.door();
  const caller = authenticate(door, visit.request);
  if ("code" in caller) return refuse(visit, parts, caller);
  visit.keyLabel = caller.label;
  if (!door.limits.active) return await forward(visit, parts);
  const entry = await door.limits.enter(visit.keyLabel ?? visit.clientAddress);
  if (entry.kind === "refused") return refuse(visit, parts, limitError(entry));
  try {
    return await forward(visit, parts);
  } finally {
    entry.leave();
  }
}

async function forward(visit: UpgradeVisit, parts: RouteParts): Promise<Ending> {
  const { request, socket, head, requestId, keyLabel } = visit;
  const { retry, timeouts } = parts.rules();
  const sender = {
    requestId,
    fromTrustedProxy: parts.door().trusted.has(request.socket.remoteAddress ?? ""),
    hideKey: keyLabel !== undefined,
  };
  const admitter = createAdmitter({ request, response: socket, owner: keyLabel ?? "" }, parts);
  const { bytesWritten } = socket as Socket;
  const outcome = await forwardUpgrade({
    request,
    socket,
    head,
    target: request.url ?? "/",
    headers: [...upstreamHeaders(request, sender), "connection", "Upgrade", "upgrade", request.headers.upgrade ?? ""],
    pick: parts.pool.startPick({ clientAddress: visit.clientAddress }, retry.tries),
    acquire: admitter.acquire,
    retry,
    connectTimeoutMs: timeouts.connectMs,
    clock: parts.clock,
    verifyTls: true,
  });
  const queueMs = admitter.waitedMs();
  if (outcome.kind === "client-gone") return { ...endedHere(499, 0), queueMs };
  if (outcome.kind === "failed") {
    const refused = admitter.refusal() !== undefined;
    const error = { message: outcome.reason, ...(refused ? noPlace : upstreamFailed) };
    return { ...answer(visit, error), queueMs };
  }
  const bodyBytes = (socket as Socket).bytesWritten - bytesWritten;
  return { status: outcome.status, bodyBytes, queueMs, upstreams: [outcome.upstream] };
}

const noPlace = { status: 503, code: "no_place" } as const;
const upstreamFailed = { status: 502, code: "upstream_failed" } as const;

function refuse(visit: UpgradeVisit, parts: RouteParts, error: ProxyError): Ending {
  parts.metrics.countRefusal(error.code);
  return answer(visit, error);
}

function answer({ socket, request }: UpgradeVisit, { status, message, code }: ProxyError): Ending {
  return endedHere(status, answerRaw(socket, status, message, code, request.url).bodyBytes);
}
