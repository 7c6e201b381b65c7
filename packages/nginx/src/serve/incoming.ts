import type http from "node:http";
import type { TLSSocket } from "node:tls";
import { hostName } from "@drover/balancer/engine";
import { plainAddress } from "@drover/foundation/network/addresses";
import type { ServerModel } from "../model/model.ts";
import { parseTarget, type RequestTarget } from "../model/uri.ts";
import { type ConnectionFacts, keepCaptures } from "../model/variable-source.ts";
import type { Listener } from "./connections/listener.ts";
import { RequestState, valuesOf } from "./request/request-state.ts";
import type { Runtime } from "./runtime.ts";

/** A request with the server it is for; `refused` is the status it is turned away with before any location is looked for. */
export interface Incoming {
  readonly state: RequestState;
  readonly refused: number | undefined;
}

const noTarget: RequestTarget = { unparsed: "", uri: "", args: "", hasArgs: false, host: undefined };

/** A client's connection, as a listener counts it. */
export interface CountedConnection {
  readonly number: number;
  requests: number;
  readonly openedAtMs: number;
}

/** Picks the server by address and name, with nginx's checks of target and host. */
export function readIncoming(
  request: http.IncomingMessage,
  response: http.ServerResponse,
  listener: Listener,
  connection: CountedConnection,
  runtime: Runtime,
): Incoming {
  const address = listener.addressOf(request.socket);
  const { mergeSlashes, hostRule } = address.defaultServer;
  const target = parseTarget(request.url ?? "", mergeSlashes);
  const hosts = valuesOf(request.rawHeaders, "host");
  // The field is looked at even where the target names the host.
  const [named] = hosts.map((field) => hostName(field, hostRule));
  const host = target?.host === undefined ? named : hostName(target.host, hostRule);
  const match = address.names.find(host ?? "");
  const isRefused =
    target === undefined ||
    hosts.length > 1 ||
    (hosts.length === 1 ? named === undefined : request.httpVersion === "1.1") ||
    (target.host !== undefined && host === undefined);
  const server = isRefused ? address.defaultServer : match.server;
  const state = new RequestState({
    request,
    response,
    server,
    target: target ?? noTarget,
    host: host ?? server.name,
    connection: connectionFacts(connection, request.socket as TLSSocket),
    runtime,
  });
  if (match.captures !== undefined) keepCaptures(state, match.captures);
  const tooLong = tooLongFor(state, address.defaultServer);
  if (tooLong !== undefined) return { state, refused: tooLong };
  if (isRefused || repeatsUnique(state.fields) || request.rawHeaders.length / 2 > server.maxHeaders)
    return { state, refused: 400 };
  return { state, refused: codingRefusal(request) ?? (request.method === "TRACE" ? 405 : undefined) };
}

/** A body that is coded before it is in chunks would be read as if it were not (`ngx_http_process_request_header`). */
function codingRefusal({ headers, httpVersion }: http.IncomingMessage): number | undefined {
  const { "transfer-encoding": coding } = headers;
  if (coding === undefined) return undefined;
  if (httpVersion !== "1.1") return 400;
  return coding.toLowerCase() === "chunked" ? undefined : 501;
}

/** Each line, its end included, must fit into what is left of the first buffer or into a large one (`ngx_http_alloc_large_header_buffer`). */
function tooLongFor({ requestLine, request }: RequestState, { headerBuffers }: ServerModel): number | undefined {
  const { firstBytes, sizeBytes } = headerBuffers;
  let end = requestLine.length + "\r\n".length;
  if (end > firstBytes && end > sizeBytes) return 414;
  const { rawHeaders } = request;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const length = (rawHeaders[index]?.length ?? 0) + (rawHeaders[index + 1]?.length ?? 0) + ": \r\n".length;
    end += length;
    if (end > firstBytes && length > sizeBytes) return 494;
  }
  return undefined;
}

/** Fields that nginx takes once (`ngx_http_process_unique_header_line`). Of two credentials one would be checked here and the other upstream. */
const unique: ReadonlySet<string> = new Set([
  "authorization",
  "expect",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
]);

function repeatsUnique(fields: readonly string[]): boolean {
  const seen = new Set<string>();
  for (let index = 0; index < fields.length; index += 2) {
    const name = fields[index]?.toLowerCase() ?? "";
    if (!unique.has(name)) continue;
    if (seen.has(name)) return true;
    seen.add(name);
  }
  return false;
}

function connectionFacts({ number, requests, openedAtMs }: CountedConnection, socket: TLSSocket): ConnectionFacts {
  return {
    number,
    requests,
    openedAtMs,
    // Of a unix socket nginx says `unix:`.
    remoteAddress: socket.remoteAddress === undefined ? "unix:" : plainAddress(socket.remoteAddress),
    remotePort: socket.remotePort ?? 0,
    serverAddress: plainAddress(socket.localAddress ?? ""),
    serverPort: socket.localPort ?? 0,
    tls: "encrypted" in socket ? tlsFacts(socket) : undefined,
  };
}

function tlsFacts(socket: TLSSocket): ConnectionFacts["tls"] {
  const { servername } = socket as TLSSocket & { readonly servername?: string | false };
  return {
    protocol: socket.getProtocol() ?? "",
    cipher: socket.getCipher().name,
    serverName: typeof servername === "string" ? servername : "",
    reused: socket.isSessionReused(),
  };
}
