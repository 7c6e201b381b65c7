import { unlink } from "node:fs/promises";
import http from "node:http";
import net, { type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { ListenError } from "../errors.ts";
import { headText } from "../upstream-http/head-reader.ts";
import type { Certificate } from "../access/certificate.ts";
import { errorEnvelope, type ProxyError } from "../error-envelope.ts";
import { headProblem } from "./head-rules.ts";
import { checkTarget, type ListenTarget } from "./listen-address.ts";
import { toOriginForm } from "./origin-form.ts";
import { createOrderedServer, type OrderedHandlers } from "./ordered-server.ts";
import type { RequestOrder } from "./request-order.ts";

/** What the server hands over. */
export interface ServerHandlers {
  readonly onRequest: OrderedHandlers["onRequest"];
  /** Told of each connection before anything is read of it. */
  readonly onConnection: (socket: Socket) => void;
  readonly onHead: NonNullable<OrderedHandlers["onHead"]>;
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
  };
  const server = createOrderedServer(options, certificate, order, {
    onHead: handlers.onHead,
    onRequest(request, response, switchable) {
      if (!isRefused(request, request.socket, handlers)) handlers.onRequest(request, response, switchable);
    },
    onUnreadable(error, socket) {
      const problem = describe(error);
      const headers = handlers.responseHeaders(originIn(error.rawPacket));
      handlers.onBadRequest(problem.code, respondRaw(socket, problem, { headers }));
    },
  });
  const known = new WeakSet<Socket>();
  server.on("connection", (socket) => {
    // A request that offers another protocol is read once more on the same connection.
    if (known.has(socket)) return;
    known.add(socket);
    handlers.onConnection(socket);
  });
  server.on("connect", (_request, socket: Duplex) =>
    respondRaw(socket, { status: 405, message: "CONNECT is not served here", code: "method_not_allowed" }),
  );
  return server;
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

function describe(error: NodeJS.ErrnoException): { status: number; message: string; code: string } {
  switch (error.code ?? "") {
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
