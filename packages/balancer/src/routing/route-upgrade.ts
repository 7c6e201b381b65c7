import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
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
  const { retry, timeouts } = parts.rules();
  const admitter = createAdmitter({ request, response: socket }, parts);
  try {
    const outcome = await forwardUpgrade({
      request,
      socket,
      head,
      target: request.url ?? "/",
      headers: [
        ...upstreamHeaders(request, requestId),
        "connection",
        "Upgrade",
        "upgrade",
        request.headers.upgrade ?? "",
      ],
      pick: parts.pool.startPick({ clientAddress: request.socket.remoteAddress ?? "" }, retry.tries),
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
