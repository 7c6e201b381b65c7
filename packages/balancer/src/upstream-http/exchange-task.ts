import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "@drover/foundation/clock";
import type { ClientRelay } from "./client-relay.ts";
import type { UpstreamConnection } from "./connection.ts";
import type { RelayedHead, ResponseHead } from "./response-head.ts";
import type { ClientConnection } from "./tunnel.ts";
import type { UpstreamRequest } from "./upstream-request.ts";

/** Who asked, and is to get the response. */
export interface Client {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The raw connection, where an upstream may switch it to another protocol. @default a 101 is a failure */
  readonly switchable?: ClientConnection | undefined;
}

/** What is the same for every attempt of a request. */
export interface ExchangeTask {
  readonly client: Client;
  readonly outgoing: UpstreamRequest;
  /** For upstreams that Drover does not own; its own workers are judged by their heartbeat. */
  readonly timeouts: ForwardTimeouts;
  /** Calls it off, as when the client leaves; who does so ends the client's connection or sends it a response. */
  readonly cancel?: AbortSignal;
  /** Who is told the parts of the response's body, before the client has them; asked when its head is relayed. @default nobody */
  bodyListener?(): ((part: Buffer) => void) | undefined;
  /** nginx `proxy_ignore_client_abort`. @default false */
  readonly ignoreClientAbort?: boolean;
}

export interface ForwardTimeouts {
  readonly connectMs: number;
  /** Between two writes. */
  readonly sendMs: number;
  /** Between two reads; 0 waits for ever. */
  readonly readMs: number;
  /** How long the client may take nothing while there is something for it; 0 is for ever. @default 0 */
  readonly clientStallMs?: number;
}

/** Times as nginx's `$upstream_*_time`, undefined where the attempt did not come so far. */
export interface AttemptFigures {
  readonly startedAtMs: number;
  connectMs: number | undefined;
  headerMs: number | undefined;
  responseMs: number | undefined;
  /** The upstream's status, or 502/504 where it gave none (nginx `$upstream_status`). */
  status: number | undefined;
  bytesSent: number;
  /** All bytes read of this upstream. */
  bytesReceived: number;
  /** Bytes of the body alone (nginx `$upstream_response_length`). */
  bodyBytes: number;
}

/** What went wrong with an attempt before anything reached the client. */
export type AttemptFailure = "error" | "timeout" | "invalid_header" | 500 | 502 | 503 | 504 | 403 | 404 | 429;

/** An event stream whose worker died under way: another one may resume it. */
export interface UnfinishedResponse {
  readonly relay: ClientRelay;
  /** Bytes of the body that the client has: complete events, without framing. */
  readonly sentBytes: number;
}

/** How one attempt ended. Only `failed` and `intercepted` have sent nothing to the client. */
export type ExchangeResult =
  | { readonly kind: "relayed"; readonly reusable: boolean; readonly keepsForMs: number | undefined }
  /** With `unfinished` the client waits for the rest; without, its connection was ended. */
  | { readonly kind: "broken"; readonly reason: string; readonly unfinished?: UnfinishedResponse }
  | { readonly kind: "intercepted"; readonly head: ResponseHead }
  | { readonly kind: "client-gone" }
  | {
      readonly kind: "failed";
      readonly failure: AttemptFailure;
      readonly reason: string;
      readonly requestSent: boolean;
    };

/** What the exchange asks of whoever started it. */
export interface ExchangeListener {
  /** Whether a response with this status is not relayed, but tried elsewhere. */
  isRetried(status: number): boolean;
  /** Turns the response's head into what the client sees, without hop-by-hop fields (`withoutHopByHop`); `intercept` drops the response and ends with `intercepted`. */
  onHead(head: ResponseHead): RelayedHead | "intercept";
  /** Turns an interim head of a worker of our own, which says what stands beside the body of its event stream, into the head of that; undefined drops it. */
  onInterim(head: ResponseHead): RelayedHead | undefined;
  /** The event that tells a client of an event stream that its upstream died; undefined just cuts it. */
  errorEvent(reason: string): string | undefined;
}

/** One attempt: what is sent, on which connection, and who is asked about the response. */
export interface ExchangeOptions {
  readonly task: ExchangeTask;
  readonly connection: UpstreamConnection;
  readonly figures: AttemptFigures;
  readonly listener: ExchangeListener;
  readonly clock: Clock;
  readonly timeouts: ForwardTimeouts;
  readonly keepAlive: boolean;
  /** The event stream that this upstream is to resume. @default a new response */
  readonly unfinished?: UnfinishedResponse | undefined;
}
