import type { Socket } from "node:net";
import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { isAnthropic } from "./api/http/client-api.ts";
import { closeAfterAnswer, closeWithAnswer } from "./api/http/close-after-answer.ts";
import { anthropicErrorEnvelope, errorEnvelope } from "./api/http/error-envelope.ts";
import { httpErrorOf, methodNotAllowed, unauthorized, unknownRoute } from "./api/http/http-errors.ts";
import { parseJson } from "./api/http/parse-json.ts";
import { type Route, routesOf } from "./api/routes.ts";
import type { ServerParts } from "./api/server-parts.ts";
import { createServing } from "./api/serving.ts";
import { RequestError } from "./errors.ts";
import { SECRET_HEADER } from "./protocol.ts";

const BODY_LIMIT_BYTES = 10 * 1024 * 1024;
const SANE_REQUEST_ID = /^[\w.:/+=@-]{1,128}$/u;

/** The worker's HTTP side, not listening yet: `await createServer(parts).listen({ host, port })`. */
export function createServer(parts: ServerParts): FastifyInstance {
  const routes = routesOf(createServing(parts));
  const server = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    forceCloseConnections: "idle",
    genReqId: requestId,
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, request, reply) => answerError(parts, error, request, reply),
  });
  server.removeAllContentTypeParsers();
  // Any content type: `curl -d` without a header means JSON too.
  server.addContentTypeParser("*", { parseAs: "buffer" }, parseJson);
  server.addHook("onRequest", async (request, reply) => {
    // On the raw response, so that hijacked ones carry it too.
    reply.raw.setHeader("x-request-id", request.id);
    if (parts.secret !== undefined && !isSecret(request.headers[SECRET_HEADER], parts.secret)) throw unauthorized();
  });
  server.setErrorHandler((error, request, reply) => answerError(parts, error, request, reply));
  server.setNotFoundHandler((request, reply) => {
    throw missing(routes, request, reply);
  });
  for (const { method, url, handle } of routes) server.route({ method, url, handler: handle });
  return server;
}

function requestId(request: { readonly headers: Readonly<Record<string, string | string[] | undefined>> }): string {
  const given = request.headers["x-request-id"];
  return typeof given === "string" && SANE_REQUEST_ID.test(given) ? given : `req-${randomUUID()}`;
}

/** Digests have one length, so the comparison takes one time. */
function isSecret(given: string | string[] | undefined, secret: string): boolean {
  if (typeof given !== "string") return false;
  return timingSafeEqual(digest(given), digest(secret));
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}

function answerError(parts: ServerParts, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const refusal = httpErrorOf(error);
  if (!(refusal instanceof RequestError)) {
    parts.logger.error({ err: error, requestId: request.id, url: request.url }, "a request failed inside the worker");
  }
  const envelopeOf = isAnthropic(request) ? anthropicErrorEnvelope : errorEnvelope;
  const { status, body } = envelopeOf(refusal);
  if (status === 413) {
    reply.hijack();
    closeAfterAnswer(request.raw, "413 Payload Too Large", body, request.id);
    return;
  }
  void reply.code(status).type("application/json; charset=utf-8").send(body);
}

function missing(routes: readonly Route[], request: FastifyRequest, reply: FastifyReply): RequestError {
  const [path = "/"] = request.url.split("?");
  const allowed = routes.filter(({ url }) => isAt(url, path)).map(({ method }) => method);
  if (allowed.length === 0) return unknownRoute(request.method, path);
  reply.header("allow", allowed.join(", "));
  return methodNotAllowed(request.method, path, allowed);
}

function isAt(url: string, path: string): boolean {
  return url.endsWith("/*") ? path.startsWith(url.slice(0, -1)) : url === path;
}

/** Bytes that are no HTTP: answered by hand, since there is no request. */
function answerBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, body } = errorEnvelope(httpErrorOf(error));
  const reason =
    status === 431 ? "Request Header Fields Too Large" : status === 408 ? "Request Timeout" : "Bad Request";
  closeWithAnswer(socket, `${status} ${reason}`, body);
}
