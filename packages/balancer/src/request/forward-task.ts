import type { IncomingMessage, ServerResponse } from "node:http";
import type { Lease } from "../pool/lease.ts";
import type { Upstream } from "../pool/upstream.ts";
import type { PickState } from "../policies/policy.ts";
import type { RetryRule } from "./retry-rule.ts";
import type { ClientConnection } from "../upstream-http/tunnel.ts";

/** Header fields as they stand on the wire: name, value, name, value … */
export type RawHeaders = readonly string[];

/** A request body: held whole, so that it can be sent again, or passed on as it comes (nginx `proxy_request_buffering off`). */
export type RequestBody =
  | { readonly kind: "none" }
  | { readonly kind: "bytes"; readonly bytes: Buffer }
  | StoredBody
  | { readonly kind: "stream"; readonly stream: IncomingMessage; readonly lengthBytes: number | undefined };

/** A body that is held somewhere else than in memory, and can be read as often as is needed. */
export interface StoredBody {
  readonly kind: "stored";
  readonly lengthBytes: number;
  /** The bytes from there on, as many as it likes; none at the end or where they are lost. Rejects with the system's error. */
  read(offsetBytes: number): Promise<Buffer>;
}

/** The head of an upstream's answer, checked, with the hop-by-hop fields still in it. */
export interface AnswerHead {
  readonly httpVersion: "1.0" | "1.1";
  readonly status: number;
  readonly reason: string;
  readonly headers: RawHeaders;
}

/** What the client is to see. Framing (`content-length`, `transfer-encoding`, `connection`) is the forwarder's business. */
export interface RelayedHead {
  readonly status: number;
  readonly reason: string;
  readonly headers: RawHeaders;
  /** The body is to be compressed; the headers say so already, and give no length. @default as it comes */
  readonly gzipLevel?: number;
}

/** One try on one upstream; times as nginx's `$upstream_*_time`, undefined where it did not come so far. */
export interface Attempt {
  readonly upstream: Upstream;
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
  error: string | undefined;
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

/** nginx's `keepalive`, `keepalive_requests`, `keepalive_timeout`, `keepalive_time`. */
export interface KeepaliveRule {
  /** Most idle connections kept, over the group; 0 closes each after its request. */
  readonly connections: number;
  readonly requests: number;
  readonly idleTimeoutMs: number;
  readonly lifetimeMs: number;
}

/** Everything one forwarding takes. */
export interface ForwardTask {
  readonly client: { readonly request: IncomingMessage; readonly response: ServerResponse };
  readonly method: string;
  /** Request target as sent: path and query. */
  readonly target: string;
  /** Without `content-length`, `transfer-encoding`, `connection`: those are added here. `host` must be in it. */
  readonly headers: RawHeaders;
  readonly body: RequestBody;
  /** What the request carries from pick to pick (`pool.startPick`). */
  readonly pick: PickState;
  /** Gives a place on the next upstream, or undefined when there is none to have. May wait. */
  acquire(pick: PickState): Promise<Lease | undefined> | Lease | undefined;
  /** Told each place that the request was given. */
  onLease?(lease: Lease): void;
  readonly retry: RetryRule;
  /** For attempts on Drover's own workers. @default `retry` */
  readonly ownedRetry?: RetryRule;
  readonly timeouts: ForwardTimeouts;
  /** Names the request to workers of Drover's own, so that one may go on with an event stream that another one began; no client may guess it. @default none does */
  readonly resumeKey?: string;
  /** Told when another upstream takes over a stream that broke off for this reason. @returns a comment for the client, if any */
  onResume?(lease: Lease, reason: string): string | undefined;
  /** Turns the answer's head into what the client sees, without hop-by-hop fields (`withoutHopByHop`); `intercept` drops the answer and ends with `intercepted`. */
  onHead(head: AnswerHead, attempt: Attempt): RelayedHead | "intercept";
  /** Calls it off, as when the client leaves; who does so ends the client's connection or answers it. */
  readonly cancel?: AbortSignal;
  /** nginx `proxy_ignore_client_abort`. @default false */
  readonly ignoreClientAbort?: boolean;
  /** HTTP version spoken to the upstream. @default "1.1" */
  readonly httpVersion?: "1.0" | "1.1";
  /** The client's raw connection, where an upstream may switch it to another protocol. @default a 101 is a failure */
  readonly switchable?: ClientConnection;
  /** Attempts are put here as they begin, for who wants to see them before the end. @default a list of its own */
  readonly attempts?: Attempt[];
  /** `headers` say all there is to say: only the length of a body is added to them. @default false */
  readonly headersAreComplete?: boolean;
}

/**
 * How it ended. Where nothing was sent to the client (`failed`, `intercepted`) the caller answers.
 * - `answered`: the whole answer was relayed.
 * - `broken`: the upstream died after the head was sent, and no other one went on with its answer; the client's connection was ended (an event stream after an `error` event).
 * - `failed`: no upstream answered; `status` is 502, 504, or the status nginx would give.
 * - `intercepted`: `onHead` took it.
 * - `client-gone`: the client left, or `cancel` was used; nginx logs 499.
 */
export type ForwardOutcome = { readonly attempts: readonly Attempt[] } & (
  | { readonly kind: "answered"; readonly status: number }
  | { readonly kind: "broken"; readonly status: number; readonly reason: string }
  | { readonly kind: "failed"; readonly status: number; readonly reason: string }
  | { readonly kind: "intercepted"; readonly head: AnswerHead }
  | { readonly kind: "client-gone" }
);
