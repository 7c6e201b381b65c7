import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "@drover/foundation/clock";
import type { ClientConnection, ResponseHead } from "@drover/balancer/engine";
import type { ErrorPage, LocationModel, LocationSettings, ServerModel } from "../../model/model.ts";
import type { Captures } from "../../model/regex.ts";
import type { RequestTarget } from "../../model/uri.ts";
import type { AttemptFacts, ConnectionFacts, VariableSource } from "../../model/variable-source.ts";
import type { Runtime } from "../runtime.ts";
import type { SpooledBody } from "./spooled-body.ts";

/** What is known of a request when it comes. */
type Arrival = Pick<RequestState, "request" | "response" | "server" | "host" | "connection" | "runtime"> & {
  readonly target: RequestTarget;
};

/** One request on its way through servers and locations, and all that variables can say of it. */
export class RequestState implements VariableSource {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly server: ServerModel;
  readonly connection: ConnectionFacts;
  /** What is served by; the request ends by it even when another is loaded. */
  readonly runtime: Runtime;
  readonly clock: Clock;
  readonly host: string;
  readonly requestUri: string;
  readonly startedAtMs: number;
  readonly attempts: AttemptFacts[][] = [];
  readonly own = new Map<string, string>();
  /** Valid header fields as the client sent them: name, value, name, value … */
  readonly fields: readonly string[];
  method: string;
  uri: string;
  args: string;
  hasArgs: boolean;
  captures: Captures | undefined;
  location: LocationModel | undefined;
  /** Set by an error page: the status that the client gets instead of the response's own. */
  errorStatus: number | undefined;
  /** An error page was taken; further errors get nginx's own page unless `recursive_error_pages`. */
  tookErrorPage = false;
  /** The URI was changed by an internal redirect: the original one is not passed on any more. */
  isInternal = false;
  redirects = 0;
  requestBody: Buffer | undefined;
  /** The body where it was too large to be held in memory; closed when the request is over. */
  spooledBody: SpooledBody | undefined;
  proxyHost: string | undefined;
  proxyPort: string | undefined;
  upstreamHead: ResponseHead | undefined;
  /** The raw connection, where the client asked for another protocol. */
  switchable: ClientConnection | undefined;
  /** The first header that could not be sent because of its bytes; the response is a 400 then. */
  unsendable: string | undefined;
  status = 0;
  sentFields: readonly string[] = [];
  /** Length of the response's head, without what Node adds for chunks. */
  headBytes = 0;
  isComplete = false;
  #requestId: string | undefined;
  /** Bytes the socket had written before this request. */
  readonly #writtenBefore: number;

  constructor(arrival: Arrival) {
    const { request, target, server } = arrival;
    this.request = request;
    this.response = arrival.response;
    this.server = server;
    this.connection = arrival.connection;
    this.host = arrival.host;
    this.runtime = arrival.runtime;
    this.clock = arrival.runtime.clock;
    this.#writtenBefore = request.socket.bytesWritten;
    this.startedAtMs = this.clock.monotonicMs();
    this.method = request.method ?? "GET";
    this.requestUri = target.unparsed;
    this.uri = target.uri;
    this.args = target.args;
    this.hasArgs = target.hasArgs;
    this.fields = validFields(request.rawHeaders, server);
  }

  get settings(): LocationSettings {
    return this.location?.settings ?? this.server.settings;
  }

  /** 32 hexadecimal digits. Made when it is first asked for: randomness costs, and few configurations want it. */
  get requestId(): string {
    this.#requestId ??= randomBytes(16).toString("hex");
    return this.#requestId;
  }

  get serverName(): string {
    return this.server.name;
  }

  get protocol(): string {
    return `HTTP/${this.request.httpVersion}`;
  }

  get requestLine(): string {
    return `${this.request.method ?? ""} ${this.request.url ?? ""} ${this.protocol}`;
  }

  get requestLengthBytes(): number {
    let size = this.requestLine.length + 4;
    for (const text of this.request.rawHeaders) size += text.length + 2;
    return size + (this.requestBody?.length ?? this.spooledBody?.lengthBytes ?? 0);
  }

  /** As nginx counts: all that went out but the head, so with the framing of chunks. */
  get bodyBytesSent(): number {
    const framing = this.response.chunkedEncoding ? "Transfer-Encoding: chunked\r\n".length : 0;
    return Math.max(0, this.bytesSent - this.headBytes - framing);
  }

  get bytesSent(): number {
    return Math.max(0, this.request.socket.bytesWritten - this.#writtenBefore);
  }

  headerValues(name: string): readonly string[] {
    return valuesOf(this.fields, name);
  }

  sentHeaderValues(name: string): readonly string[] {
    return valuesOf(this.sentFields, name);
  }

  upstreamHeaderValues(name: string): readonly string[] {
    return valuesOf(this.upstreamHead?.headers ?? [], name);
  }

  /** Which error page of the location in force is for this status. */
  errorPageFor(status: number): ErrorPage | undefined {
    const { errorPages, recursiveErrorPages } = this.settings;
    if (this.tookErrorPage && !recursiveErrorPages) return undefined;
    return errorPages.find(({ statuses }) => statuses.includes(status));
  }

  /** A line of the error log about this request, which it ends with as nginx does. */
  logError(message: string, upstream?: string): void {
    const host = this.headerValues("host")[0];
    const line = [
      `${message}, client: ${this.connection.remoteAddress}, server: ${this.serverName}, request: "${this.requestLine}"`,
      ...(upstream === undefined ? [] : [`upstream: "${upstream}"`]),
      ...(host === undefined ? [] : [`host: "${host}"`]),
    ].join(", ");
    this.runtime.logs.error(this.settings.errorLogs, "error", line, this.connection.number);
  }
}

/** nginx passes over names with other characters than letters, digits and `-` (and `_` where allowed). */
function validFields(rawHeaders: readonly string[], server: ServerModel): readonly string[] {
  if (!server.ignoreInvalidHeaders) return rawHeaders;
  const valid = server.underscoresInHeaders ? /^[\w-]+$/ : /^[A-Za-z0-9-]+$/;
  const kept: string[] = [];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? "";
    if (valid.test(name)) kept.push(name, rawHeaders[index + 1] ?? "");
  }
  return kept;
}

/** Values of a field by its name in lower case, in order. */
export function valuesOf(fields: readonly string[], lowerName: string): readonly string[] {
  const found: string[] = [];
  for (let index = 0; index < fields.length; index += 2) {
    if (fields[index]?.toLowerCase() === lowerName) found.push(fields[index + 1] ?? "");
  }
  return found;
}
