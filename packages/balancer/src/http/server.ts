import http from "node:http";
import https from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import { ListenError } from "../errors.ts";
import type { ClientConnection } from "../upstream-http/tunnel.ts";
import type { Certificate } from "../access/certificate.ts";
import { errorEnvelope } from "../error-envelope.ts";
import { headProblem } from "./head-rules.ts";
import { LateRequests } from "./late-requests.ts";
import type { ListenTarget } from "./listen-address.ts";
import { toOriginForm } from "./origin-form.ts";
import type { Turns } from "./turns.ts";
import { Upgrades } from "./upgrades.ts";

/** What the server hands over. */
export interface ServerHandlers {
  /** `switchable`: the client offers another protocol, and an upstream may take the offer. */
  readonly onRequest: (
    request: http.IncomingMessage,
    response: http.ServerResponse,
    switchable: ClientConnection | undefined,
  ) => void;
  /** Told of each connection before anything is read of it. */
  readonly onConnection: (socket: Socket) => void;
  /** Told of each request's head, before its turn. */
  readonly onHead: (response: http.ServerResponse) => void;
  /** What is no HTTP request, or stops being one in its body: already answered. */
  readonly onBadRequest: (reason: string, answered: RawAnswer) => void;
}

export interface ServerLimits {
  readonly maxHeaderBytes: number;
  /** For the whole head; slow senders are cut. */
  readonly headersTimeoutMs: number;
  /** For head and body. */
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
}

/** An answer on a socket that no request came from, or whose request can't be read on. */
export interface RawAnswer {
  readonly socket: Duplex;
  readonly status: number;
  readonly bodyBytes: number;
}

/** An HTTP server that answers what it cannot parse with the error envelope, and closes. */
export function createServer(
  handlers: ServerHandlers,
  turns: Turns,
  limits: ServerLimits,
  certificate: Certificate | undefined,
): http.Server {
  const options = {
    maxHeaderSize: limits.maxHeaderBytes,
    headersTimeout: limits.headersTimeoutMs,
    requestTimeout: limits.requestTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(5000, limits.headersTimeoutMs),
    insecureHTTPParser: false,
    noDelay: true,
  };
  const server =
    certificate === undefined ? http.createServer(options) : https.createServer({ ...options, ...certificate });
  // All fields count, so that too many are refused rather than dropped in silence; maxHeaderSize bounds them.
  server.maxHeadersCount = 0;
  const known = new WeakSet<Socket>();
  server.on("connection", (socket) => {
    // A request that offers another protocol is read once more on the same connection.
    if (!known.has(socket)) handlers.onConnection(socket);
    known.add(socket);
  });
  const serve: ServerHandlers["onRequest"] = (request, response, switchable) => {
    if (!isRefused(request, request.socket, handlers)) handlers.onRequest(request, response, switchable);
  };
  const late = new LateRequests();
  const upgrades = new Upgrades(server, turns, (request, response, switchable) => {
    handlers.onHead(response);
    serve(request, response, switchable);
  });
  const onRequest = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    late.begun(request);
    handlers.onHead(response);
    const switchable = upgrades.offerOf(request);
    turns.take(request.socket, response, () => serve(request, response, switchable));
  };
  server.on("request", onRequest);
  // Whether to answer 100 is decided where the body is read.
  server.on("checkContinue", onRequest);
  server.on("checkExpectation", onRequest);
  server.on("connect", (_request, socket: Duplex) =>
    answerRaw(socket, 405, "CONNECT is not served here", "method_not_allowed"),
  );
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    const { status, message, code } = describe(error);
    const refuse = (): void => handlers.onBadRequest(code, answerRaw(socket, status, message, code));
    if (status === 0) socket.destroy();
    else if (status === 408) late.unlessRead(socket, refuse);
    else refuse();
  });
  return server;
}

function isRefused(request: http.IncomingMessage, socket: Duplex, handlers: ServerHandlers): boolean {
  toOriginForm(request);
  const problem = headProblem(request);
  if (problem === undefined) return false;
  const { status, message, code } = problem;
  handlers.onBadRequest(code, answerRaw(socket, status, message, code, request.url));
  return true;
}

/** @throws ListenError when the address cannot be listened on. */
export function listenOn(server: http.Server, target: ListenTarget): Promise<{ address: string; port: number }> {
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void =>
      reject(new ListenError(whyNot(target, error), { cause: error }));
    server.once("error", onError);
    server.listen({ ...target, backlog: 4096 }, () => {
      server.off("error", onError);
      const bound = server.address();
      if (bound === null || typeof bound === "string") resolve({ address: bound ?? "", port: 0 });
      else resolve({ address: bound.address, port: bound.port });
    });
  });
}

/** Answers on a socket that no request came from, and closes it. */
export function answerRaw(socket: Duplex, status: number, message: string, code: string, target?: string): RawAnswer {
  if (!socket.writable) {
    socket.destroy();
    return { socket, status, bodyBytes: 0 };
  }
  const body = errorEnvelope({ status, message, code }, { url: target });
  const reason = http.STATUS_CODES[status] ?? "Error";
  const head = `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n`;
  socket.end(head + body, () => socket.destroy());
  return { socket, status, bodyBytes: Buffer.byteLength(body) };
}

/** Status 0: the client is gone, or nothing worth an answer came. */
function describe(error: NodeJS.ErrnoException): { status: number; message: string; code: string } {
  switch (error.code ?? "") {
    case "ECONNRESET":
    case "EPIPE":
    // It hung up in the middle of a request; nginx answers nothing either.
    case "HPE_INVALID_EOF_STATE":
      return { status: 0, message: "", code: "reset" };
    case "HPE_HEADER_OVERFLOW":
      return { status: 431, message: "the request's head is too large", code: "header_too_large" };
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return { status: 408, message: "the request did not arrive in time", code: "request_timeout" };
    default:
      return { status: 400, message: "this is not a valid HTTP/1.1 request", code: "bad_request" };
  }
}

function whyNot(target: ListenTarget, error: NodeJS.ErrnoException): string {
  const where =
    "path" in target ? `unix:${target.path}` : "fd" in target ? `fd ${target.fd}` : `${target.host}:${target.port}`;
  switch (error.code ?? "") {
    case "EADDRINUSE":
      return `can't listen on ${where}: the address is in use by another process; stop it, or choose another with --listen`;
    case "EACCES":
      return `can't listen on ${where}: permission denied; ports below 1024 need CAP_NET_BIND_SERVICE`;
    case "EADDRNOTAVAIL":
      return `can't listen on ${where}: this machine does not have that address`;
    default:
      return `can't listen on ${where}: ${error.message}`;
  }
}
