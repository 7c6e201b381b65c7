import { hostname } from "node:os";
import { isIPv4 } from "node:net";
import { isoTime, logTime, seconds } from "@drover/balancer/engine";
import type { AttemptFacts, Getter, VariableSource } from "./variable-source.ts";

/** nginx's variable of this name; a string says why Drover does not have it; undefined when nginx has none either. */
export function builtinVariable(name: string): Getter | string | undefined {
  const getter = plain[name];
  if (getter !== undefined) return getter;
  for (const [prefix, make] of prefixed) {
    if (name.startsWith(prefix) && name.length > prefix.length) return make(name.slice(prefix.length));
  }
  return missing.get(name);
}

const missing: ReadonlyMap<string, string> = new Map(
  [
    ["document_root realpath_root request_filename", "Drover serves no files"],
    ["request_body_file", "bodies are not written to files"],
    [
      "proxy_protocol_addr proxy_protocol_port proxy_protocol_server_addr proxy_protocol_server_port",
      "the PROXY protocol is not spoken",
    ],
    ["realip_remote_addr realip_remote_port", "the peer's address is taken as the client's"],
    ["tcpinfo_rtt tcpinfo_rttvar tcpinfo_snd_cwnd tcpinfo_rcv_space", "Node does not tell"],
    ["invalid_referer", "referrers are not checked"],
    [
      "connections_active connections_reading connections_writing connections_waiting",
      "Drover's own metrics are at /metrics with `drover up`",
    ],
  ].flatMap(([names = "", why = ""]) => names.split(" ").map((name) => [name, why] as const)),
);

/** Before these, the longer prefixes: `upstream_http_x` is no `http_x`. */
const prefixed: readonly (readonly [prefix: string, make: (rest: string) => Getter])[] = [
  ["upstream_http_", (rest) => joined(rest, (source, name) => source.upstreamHeaderValues(name))],
  ["upstream_trailer_", (rest) => joined(rest, (source, name) => source.upstreamHeaderValues(name))],
  ["upstream_cookie_", (rest) => (source) => cookie(setCookies(source), rest)],
  ["sent_http_", (rest) => joined(rest, (source, name) => source.sentHeaderValues(name))],
  ["sent_trailer_", (rest) => joined(rest, (source, name) => source.sentHeaderValues(name))],
  // nginx joins repeated headers by a comma, cookies by a semicolon.
  ["http_", (rest) => joined(rest, (source, name) => source.headerValues(name), /^cookie$/i.test(rest) ? "; " : ", ")],
  ["cookie_", (rest) => (source) => cookie(source.headerValues("cookie"), rest)],
  ["arg_", (rest) => (source) => argument(source.args, rest)],
];

const plain: Readonly<Record<string, Getter>> = {
  args: (source) => (source.hasArgs || source.args !== "" ? source.args : undefined),
  query_string: (source) => (source.hasArgs || source.args !== "" ? source.args : undefined),
  is_args: (source) => (source.args === "" ? "" : "?"),
  uri: (source) => source.uri,
  document_uri: (source) => source.uri,
  request_uri: (source) => source.requestUri,
  request: (source) => source.requestLine,
  request_method: (source) => source.method,
  request_id: (source) => source.requestId,
  request_length: (source) => String(source.requestLengthBytes),
  request_time: (source) => seconds(source.clock.monotonicMs() - source.startedAtMs),
  request_completion: (source) => (source.isComplete ? "OK" : ""),
  request_body: (source) => source.requestBody?.toString("latin1"),
  content_length: (source) => source.headerValues("content-length")[0],
  content_type: (source) => source.headerValues("content-type")[0],
  host: (source) => source.host,
  request_port: requestPort,
  is_request_port: (source) => (requestPort(source) === "" ? "" : ":"),
  hostname: () => hostname(),
  scheme: (source) => (source.connection.tls === undefined ? "http" : "https"),
  https: (source) => (source.connection.tls === undefined ? "" : "on"),
  server_protocol: (source) => source.protocol,
  server_name: (source) => source.serverName,
  server_addr: (source) => source.connection.serverAddress,
  server_port: (source) => String(source.connection.serverPort),
  remote_addr: (source) => source.connection.remoteAddress,
  remote_port: (source) => String(source.connection.remotePort),
  remote_user: (source) => basicUser(source.headerValues("authorization")[0]),
  binary_remote_addr: (source) => binaryAddress(source.connection.remoteAddress),
  connection: (source) => String(source.connection.number),
  connection_requests: (source) => String(source.connection.requests),
  connection_time: (source) => seconds(source.clock.monotonicMs() - source.connection.openedAtMs),
  status: (source) => (source.status === 0 ? "000" : String(source.status).padStart(3, "0")),
  body_bytes_sent: (source) => String(source.bodyBytesSent),
  bytes_sent: (source) => String(source.bytesSent),
  msec: (source) => seconds(source.clock.epochMs()),
  time_local: (source) => logTime(source.clock.epochMs()),
  time_iso8601: (source) => isoTime(source.clock.epochMs()),
  pid: () => String(process.pid),
  pipe: () => ".",
  limit_rate: () => "0",
  nginx_version: () => "1.29.7",
  http2: () => "",
  http3: () => "",
  ssl_protocol: (source) => source.connection.tls?.protocol,
  ssl_cipher: (source) => source.connection.tls?.cipher,
  ssl_server_name: (source) => source.connection.tls?.serverName,
  ssl_session_reused: (source) =>
    source.connection.tls === undefined ? undefined : source.connection.tls.reused ? "r" : ".",
  ssl_client_verify: (source) => (source.connection.tls === undefined ? undefined : "NONE"),
  proxy_host: (source) => source.proxyHost,
  proxy_port: (source) => source.proxyPort,
  proxy_add_x_forwarded_for: (source) =>
    [...source.headerValues("x-forwarded-for"), source.connection.remoteAddress].join(", "),
  upstream_addr: (source) => perAttempt(source, (attempt) => attempt.upstream.server),
  upstream_status: (source) =>
    perAttempt(source, (attempt) => (attempt.status === undefined ? "-" : String(attempt.status))),
  upstream_connect_time: (source) => perAttempt(source, (attempt) => duration(attempt.connectMs)),
  upstream_header_time: (source) => perAttempt(source, (attempt) => duration(attempt.headerMs)),
  upstream_response_time: (source) => perAttempt(source, (attempt) => duration(attempt.responseMs)),
  upstream_response_length: (source) => perAttempt(source, (attempt) => String(attempt.bodyBytes)),
  upstream_bytes_received: (source) => perAttempt(source, (attempt) => String(attempt.bytesReceived)),
  upstream_bytes_sent: (source) => perAttempt(source, (attempt) => String(attempt.bytesSent)),
  upstream_cache_status: () => undefined,
};

/** The port that the request names, by its target or else by its Host (nginx has it since 1.29.3). */
function requestPort(source: VariableSource): string {
  const [, authority] = /^\S+ [a-z][a-z0-9+.-]*:\/\/([^/?# ]*)/i.exec(source.requestLine) ?? [];
  return /:(\d+)$/.exec(authority ?? source.headerValues("host")[0] ?? "")?.[1] ?? "";
}

/** @param values by the name of a field, in which `_` stands for `-` only */
function joined(
  rest: string,
  values: (source: VariableSource, name: string) => readonly string[],
  separator = ", ",
): Getter {
  const name = rest.toLowerCase().replaceAll("_", "-");
  return (source) => {
    const found = values(source, name);
    return found.length === 0 ? undefined : found.join(separator);
  };
}

function cookie(headers: readonly string[], wanted: string): string | undefined {
  for (const pair of headers.flatMap((header) => header.split(/[;,]/))) {
    const [name = "", ...value] = pair.trim().split("=");
    if (value.length > 0 && name.trim().toLowerCase() === wanted.toLowerCase()) return value.join("=").trim();
  }
  return undefined;
}

function setCookies(source: VariableSource): string[] {
  return source.upstreamHeaderValues("set-cookie").map((field) => field.split(";", 1)[0] ?? "");
}

function argument(args: string, wanted: string): string | undefined {
  for (const pair of args.split("&")) {
    const equals = pair.indexOf("=");
    if (equals !== -1 && pair.slice(0, equals).toLowerCase() === wanted.toLowerCase()) return pair.slice(equals + 1);
  }
  return undefined;
}

function basicUser(header: string | undefined): string | undefined {
  const [, encoded] = /^basic +(\S+)/i.exec(header ?? "") ?? [];
  if (encoded === undefined) return undefined;
  const [user = "", password] = Buffer.from(encoded, "base64").toString("latin1").split(":");
  return password === undefined || user === "" ? undefined : user;
}

function binaryAddress(address: string): string {
  if (isIPv4(address)) return String.fromCharCode(...address.split(".").map(Number));
  return address;
}

function duration(ms: number | undefined): string {
  return ms === undefined ? "-" : seconds(ms);
}

/** nginx separates servers of one location by a comma, and those of the next location by a colon. */
function perAttempt(source: VariableSource, value: (attempt: AttemptFacts) => string): string | undefined {
  const groups = source.attempts.filter((group) => group.length > 0);
  return groups.length === 0 ? undefined : groups.map((group) => group.map(value).join(", ")).join(" : ");
}
