import type { Socket } from "node:net";
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from "fastify";
import { closeAfterResponse, closeWithResponse } from "./api/http/close-after-response.ts";
import { errorResponse } from "./api/http/error-envelope.ts";
import { httpErrorOf, methodNotAllowed, unauthorized, unknownRoute } from "./api/http/http-errors.ts";
import { parseJson } from "./api/http/parse-json.ts";
import { routesOf } from "./api/routes.ts";
import { createServing, type Serving, type ServerParts } from "./api/serving.ts";
import { apiOf, canonicalPath, methodsOf } from "@drover/contract/routes";
import { RequestError } from "./errors.ts";
import { REQUEST_ID_HEADER, SECRET_HEADER } from "@drover/contract/headers";
import { requestIdOf } from "@drover/contract/request-id";
import { isSameSecret } from "@drover/contract/secrets";

const BODY_LIMIT_BYTES = 10 * 1024 * 1024;

/** The worker's HTTP side, not listening yet: `await createServer(parts).listen({ host, port })`. */
export function createServer(parts: ServerParts, serving: Serving = createServing(parts)): FastifyInstance {
  const routes = routesOf(serving);
  const random = () => parts.randomSeed() / 2 ** 32;
  const server = Fastify({
    logger: false,
    bodyLimit: BODY_LIMIT_BYTES,
    forceCloseConnections: "idle",
    rewriteUrl: ({ url = "/" }) => canonicalUrl(url),
    genReqId: (request) => requestIdOf(request.headers[REQUEST_ID_HEADER], random),
    clientErrorHandler: respondToBrokenRequest,
    frameworkErrors: (error, request, reply) => respondWithError(parts, error, request, reply),
  });
  server.removeAllContentTypeParsers();
  // Any content type: `curl -d` without a header means JSON too.
  server.addContentTypeParser("*", { parseAs: "buffer" }, parseJson);
  server.addHook("onRequest", async (request, reply) => {
    // On the raw response, so that hijacked ones carry it too.
    reply.raw.setHeader(REQUEST_ID_HEADER, request.id);
    if (apiOf(request) === "anthropic") reply.raw.setHeader("request-id", request.id);
    if (parts.secret === undefined) return;
    const sent = request.headers[SECRET_HEADER];
    if (typeof sent !== "string" || !isSameSecret(sent, parts.secret)) throw unauthorized();
  });
  server.setErrorHandler((error, request, reply) => respondWithError(parts, error, request, reply));
  server.setNotFoundHandler((request, reply) => {
    throw missing(request, reply);
  });
  for (const { method, path, handle } of routes) server.route({ method, url: path, handler: handle });
  return server;
}

function respondWithError(parts: ServerParts, error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const refusal = httpErrorOf(error);
  if (!(refusal instanceof RequestError)) {
    parts.logger.error({ err: error, requestId: request.id, url: request.url }, "a request failed inside the worker");
  }
  const { status, body } = errorResponse(refusal, request);
  if (status === 413) {
    reply.hijack();
    closeAfterResponse(reply.raw, status, body, parts.clock);
    return;
  }
  const seconds = refusal instanceof RequestError ? refusal.refusal.retryAfterSeconds : undefined;
  if (seconds !== undefined) reply.header("retry-after", seconds);
  void reply.code(status).type("application/json; charset=utf-8").send(body);
}

function missing(request: FastifyRequest, reply: FastifyReply): RequestError {
  const [path = "/"] = request.url.split("?");
  const allowed = methodsOf(path);
  if (allowed.length === 0) return unknownRoute(request.method, path);
  reply.header("allow", allowed.join(", "));
  return methodNotAllowed(request.method, path, allowed);
}

/** Bytes that are no HTTP: handled here, since there is no request. */
function respondToBrokenRequest(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === "ECONNRESET" || !socket.writable) {
    socket.destroy();
    return;
  }
  const { status, body } = errorResponse(httpErrorOf(error), {});
  closeWithResponse(socket, status, body);
}

/** llama.cpp's server has most paths without their version, too. */
function canonicalUrl(url: string): string {
  const [path = "/", ...query] = url.split("?");
  return [canonicalPath(path), ...query].join("?");
}
