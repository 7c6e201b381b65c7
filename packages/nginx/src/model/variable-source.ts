import type { Attempt } from "@drover/balancer/engine";
import type { Time } from "@drover/foundation/clock";
import type { Captures } from "./regex.ts";

/** What variables are read from: one request with its connection, its response so far and its upstreams. */
export interface VariableSource {
  readonly method: string;
  /** As the client sent it (`$request_uri`), without an absolute form's scheme and host. */
  readonly requestUri: string;
  /** The request line as it came. */
  readonly requestLine: string;
  /** `HTTP/1.0` or `HTTP/1.1`. */
  readonly protocol: string;
  /** Decoded and resolved; changes on internal redirects. */
  readonly uri: string;
  readonly args: string;
  readonly hasArgs: boolean;
  /** From the request line, else the Host header, else the server's name: `$host`. */
  readonly host: string;
  /** Values of a request header by its name in lower case, in order. */
  headerValues(name: string): readonly string[];
  readonly connection: ConnectionFacts;
  readonly serverName: string;
  readonly startedAtMs: number;
  readonly clock: Time;
  readonly requestId: string;
  readonly requestLengthBytes: number;
  /** The body, where it was read to its end before the upstream was asked. */
  readonly requestBody: Buffer | undefined;
  /** 0 before it is known. */
  readonly status: number;
  readonly bodyBytesSent: number;
  readonly bytesSent: number;
  readonly isComplete: boolean;
  /** Values of a header of the response as the client got it, by its name in lower case. */
  sentHeaderValues(name: string): readonly string[];
  /** Headers and trailers of the last upstream's response. */
  upstreamHeaderValues(name: string): readonly string[];
  /** Attempts on upstreams, a list for each location that proxied. */
  readonly attempts: readonly (readonly AttemptFacts[])[];
  /** `$proxy_host` and `$proxy_port`, in a location that proxies. */
  readonly proxyHost: string | undefined;
  readonly proxyPort: string | undefined;
  /** Of the last regular expression that matched. */
  captures: Captures | undefined;
  /** Values of the configuration's own variables. */
  readonly own: Map<string, string>;
}

/** An attempt on an upstream, as variables speak of it. */
export interface AttemptFacts extends Omit<Attempt, "upstream"> {
  readonly upstream: { readonly server: string };
}

/** The client's connection. */
export interface ConnectionFacts {
  readonly number: number;
  /** Requests on it so far, this one included. */
  readonly requests: number;
  readonly openedAtMs: number;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly serverAddress: string;
  readonly serverPort: number;
  readonly tls:
    | { readonly protocol: string; readonly cipher: string; readonly serverName: string; readonly reused: boolean }
    | undefined;
}

/** Reads a variable; undefined is nginx's "not found" (`-` in logs, nothing elsewhere). */
export type Getter = (source: VariableSource) => string | undefined;

/** Makes a match the last one (`$1` …) and sets the variables of its named captures. */
export function keepCaptures(source: VariableSource, captures: Captures): void {
  source.captures = captures;
  for (const [name, value] of Object.entries(captures.named)) source.own.set(name, value ?? "");
}
