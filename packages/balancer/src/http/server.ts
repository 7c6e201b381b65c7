import { unlink } from "node:fs/promises";
import http from "node:http";
import https from "node:https";
import net, { type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { ListenError } from "../errors.ts";
import { headText } from "../upstream-http/head-reader.ts";
import type { ClientConnection } from "../upstream-http/tunnel.ts";
import type { Certificate } from "../access/certificate.ts";
import { errorEnvelope, type ProxyError } from "../error-envelope.ts";
import { headProblem } from "./head-rules.ts";
import { LateRequests } from "./late-requests.ts";
import { checkTarget, type ListenTarget } from "./listen-address.ts";
import { toOriginForm } from "./origin-form.ts";
import { type ParseError, RawTargets } from "./raw-targets.ts";
import { boundReading } from "./reading/bounded-reading.ts";
import { JoinedRequest } from "./reading/joined-request.ts";
import { refuseInTurn } from "./refuse-in-turn.ts";
import type { RequestOrder } from "./request-order.ts";
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
  /** Told of each request's head, before the request is served. */
  readonly onHead: (response: http.ServerResponse) => void;
  /** What is no HTTP request, or stops being one in its body; its response has been sent. */
  readonly onBadRequest: (reason: string, sent: RawResponse) => void;
  /** Fields that every response to a page of this origin carries. */
  readonly responseHeaders: (origin: string | undefined) => readonly string[];
}

export interface ServerLimits {
  readonly maxHeaderBytes: number;
  /** For the entire head; slow senders are cut. */
  readonly headersTimeoutMs: number;
  /** For head and body. */
  readonly requestTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
}

/** A response on a socket that no request came from, or whose request cannot be read to its end. */
export interface RawResponse {
  readonly socket: Duplex;
  readonly status: number;
  readonly bodyBytes: number;
}

/** An HTTP server that sends an error envelope for what it cannot parse, and closes. */
export function createServer(
  handlers: ServerHandlers,
  order: RequestOrder,
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
    IncomingMessage: JoinedRequest,
    // A refusal of Node's own would be no error envelope; head-rules.ts has the rule.
    requireHostHeader: false,
  };
  const server =
    certificate === undefined ? http.createServer(options) : https.createServer({ ...options, ...certificate });
  // All fields count, so that too many are refused rather than dropped in silence; maxHeaderSize bounds them.
  server.maxHeadersCount = 0;
  boundReading(server, order);
  const known = new WeakSet<Socket>();
  server.on("connection", (socket) => {
    // A request that offers another protocol is read once more on the same connection.
    if (known.has(socket)) return;
    known.add(socket);
    handlers.onConnection(socket);
  });
  const serve: ServerHandlers["onRequest"] = (request, response, switchable) => {
    if (!isRefused(request, request.socket, handlers)) handlers.onRequest(request, response, switchable);
  };
  const late = new LateRequests();
  const upgrades = new Upgrades(server, order, (request, response, switchable) => {
    handlers.onHead(response);
    serve(request, response, switchable);
  });
  const onRequest = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    late.begun(request);
    handlers.onHead(response);
    const switchable = upgrades.offerOf(request);
    order.take(request.socket, response, () => serve(request, response, switchable));
  };
  server.on("request", onRequest);
  // Whether to send 100 is decided where the body is read.
  server.on("checkContinue", onRequest);
  server.on("checkExpectation", onRequest);
  server.on("connect", (_request, socket: Duplex) =>
    respondRaw(socket, { status: 405, message: "CONNECT is not served here", code: "method_not_allowed" }),
  );
  const rawTargets = new RawTargets(server, order);
  server.on("clientError", (error: ParseError, socket: Socket) => {
    if (!rawTargets.retake(error, socket)) refuseUnread(error, socket, { handlers, late, order });
  });
  return server;
}

interface RefusalParts {
  readonly handlers: ServerHandlers;
  readonly late: LateRequests;
  readonly order: RequestOrder;
}

function refuseUnread(error: ParseError, socket: Socket, { handlers, late, order }: RefusalParts): void {
  const problem = describe(error);
  const { status, code } = problem;
  const headers = handlers.responseHeaders(originIn(error.rawPacket));
  const refuse = (): void =>
    refuseInTurn(socket, { order, last: late.last(socket) }, () =>
      handlers.onBadRequest(code, respondRaw(socket, problem, { headers })),
    );
  if (status === 0) socket.destroy();
  else if (status === 408) late.unlessRead(socket, refuse);
  else refuse();
}

function isRefused(request: http.IncomingMessage, socket: Duplex, handlers: ServerHandlers): boolean {
  toOriginForm(request);
  const problem = headProblem(request);
  if (problem === undefined) return false;
  const headers = handlers.responseHeaders(request.headers.origin);
  const sent = respondRaw(socket, problem, { target: request.url, headers });
  handlers.onBadRequest(problem.code, sent);
  return true;
}

/** @throws ListenError when the address cannot be listened on. */
export async function listenOn(server: net.Server, target: ListenTarget): Promise<{ address: string; port: number }> {
  checkTarget(target);
  if ("path" in target) await removeStaleSocket(target.path);
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void =>
      reject(new ListenError(whyNot(target, error), { cause: error }));
    server.once("error", onError);
    // As nginx's: a proxy that runs as another user must be able to connect.
    const access = "path" in target ? { readableAll: true, writableAll: true } : {};
    server.listen({ ...target, ...access, backlog: 4096 }, () => {
      server.off("error", onError);
      const bound = server.address();
      if (bound === null || typeof bound === "string") resolve({ address: bound ?? "", port: 0 });
      else resolve({ address: bound.address, port: bound.port });
    });
  });
}

/** A socket that a killed process left behind: nobody listens on it. */
async function removeStaleSocket(path: string): Promise<void> {
  const code = await new Promise<string | undefined>((resolve) => {
    const probe = net.connect({ path }, () => resolve(undefined));
    probe.once("error", (error: NodeJS.ErrnoException) => resolve(error.code));
    probe.once("connect", () => probe.destroy());
  });
  if (code === "ECONNREFUSED") await unlink(path).catch(() => undefined);
}

/** The page that asks, as far as what could not be read says it. */
function originIn(packet: Buffer | undefined): string | undefined {
  return /^origin:[ \t]*(\S+)[ \t]*\r?$/im.exec(packet?.toString("latin1") ?? "")?.[1];
}

interface RawContext {
  /** The request's path and query, which decide the envelope. */
  readonly target?: string | undefined;
  readonly headers?: readonly string[];
}

/** Responds on a socket that no request came from, and closes it. */
function respondRaw(socket: Duplex, error: ProxyError, { target, headers = [] }: RawContext = {}): RawResponse {
  const { status } = error;
  if (!socket.writable) {
    socket.destroy();
    return { socket, status, bodyBytes: 0 };
  }
  const body = errorEnvelope(error, { url: target });
  const bodyBytes = Buffer.byteLength(body);
  const fields = ["Content-Type", "application/json", "Content-Length", String(bodyBytes), "Connection", "close"];
  socket.end(headText(status, http.STATUS_CODES[status] ?? "Error", [...fields, ...headers]) + body, () => {
    socket.destroy();
  });
  return { socket, status, bodyBytes };
}

/** Status 0: the client is gone, or nothing came that deserves a response. */
function describe(error: NodeJS.ErrnoException): { status: number; message: string; code: string } {
  switch (error.code ?? "") {
    case "ECONNRESET":
    case "EPIPE":
    // It hung up in the middle of a request; nginx sends nothing either.
    case "HPE_INVALID_EOF_STATE":
      return { status: 0, message: "", code: "reset" };
    case "HPE_HEADER_OVERFLOW":
      return { status: 431, message: "the request's head is too large", code: "header_too_large" };
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return { status: 408, message: "the request did not arrive in time", code: "request_timeout" };
    case "HPE_INVALID_URL":
      return {
        status: 400,
        message: "the request's target has a character that none may have; percent-encode it",
        code: "bad_request",
      };
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
      if ("path" in target) return `can't listen on ${where}: permission denied`;
      return `can't listen on ${where}: permission denied; ports below 1024 need CAP_NET_BIND_SERVICE`;
    case "EADDRNOTAVAIL":
      return `can't listen on ${where}: this machine does not have that address`;
    default:
      return `can't listen on ${where}: ${error.message}`;
  }
}
