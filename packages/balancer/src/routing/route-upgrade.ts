import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { clientAddress } from "../front/client-address.ts";
import { authenticate } from "../front/front-door.ts";
import { requestIdOf } from "../front/request-id.ts";
import { answerRaw } from "../front/server.ts";
import { upstreamHeaders } from "../forwarding/proxy-headers.ts";
import { forwardUpgrade } from "../forwarding/upgrade.ts";
import { createAdmitter } from "./admit.ts";
import type { RouteParts } from "./route-request.ts";

/** A WebSocket or other upgrade from its head to the end of its connection; it holds a place as a request does. Never throws. */
export async function routeUpgrade(
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  parts: RouteParts,
): Promise<void> {
  socket.on("error", () => socket.destroy());
  const requestId = requestIdOf(request.headers["x-request-id"], parts.random);
  const door = parts.door();
  const caller = authenticate(door, request);
  if ("code" in caller) {
    answerRaw(socket, caller.status, caller.message, caller.code);
    return;
  }
  const { retry, timeouts } = parts.rules();
  const sender = {
    requestId,
    fromTrustedProxy: door.trusted.has(request.socket.remoteAddress ?? ""),
    hideKey: caller.label !== undefined,
  };
  const admitter = createAdmitter({ request, response: socket, owner: caller.label ?? "" }, parts);
  try {
    const outcome = await forwardUpgrade({
      request,
      socket,
      head,
      target: request.url ?? "/",
      headers: [...upstreamHeaders(request, sender), "connection", "Upgrade", "upgrade", request.headers.upgrade ?? ""],
      pick: parts.pool.startPick({ clientAddress: clientAddress(request, door.trusted) }, retry.tries),
      acquire: admitter.acquire,
      retry,
      connectTimeoutMs: timeouts.connectMs,
      clock: parts.clock,
      verifyTls: true,
    });
    if (outcome.kind === "failed") {
      const refused = admitter.refusal() !== undefined;
      answerRaw(socket, refused ? 503 : 502, outcome.reason, refused ? "no_place" : "upstream_failed");
    }
  } catch (error) {
    parts.logger.error({ err: error, id: requestId }, "an upgrade failed in the balancer itself");
    socket.destroy();
  }
}
