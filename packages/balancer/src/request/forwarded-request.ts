import { randomUUID } from "node:crypto";
import type { Clock } from "@drover/foundation/clock";
import type { Logger } from "pino";
import { errorEvent } from "../error-envelope.ts";
import { readerFor, type UsageReader } from "../foreign-usage/usage-reader.ts";
import type { Metrics } from "../own-routes/metrics.ts";
import type { PickState } from "../policies/policy.ts";
import type { Lease } from "../pool/lease.ts";
import type { Hints, PlacementHints } from "../pool/placement-hints.ts";
import type { UpstreamPool } from "../pool/upstream-pool.ts";
import type { Admission, Claim } from "../queue/admission.ts";
import type { Conversation } from "../response-store/conversation.ts";
import type { ResponseStore } from "../response-store/response-store.ts";
import type { ConnectionPool } from "../upstream-http/connection-pool.ts";
import type { ForwardTimeouts } from "../upstream-http/exchange-task.ts";
import { isStream, type RelayedHead, type ResponseHead } from "../upstream-http/response-head.ts";
import type { RawHeaders, RequestBody, UpstreamRequest } from "../upstream-http/upstream-request.ts";
import type { BodyBudget } from "./body/body-budget.ts";
import type { ClientRequest, Ending } from "./client-request.ts";
import type { CondemnedRequests, CrashRecord } from "./condemned-requests.ts";
import type { Attempt, ForwardTask } from "./forward-task.ts";
import { relayedHead, upstreamHeaders, workerHeader } from "./proxy-headers.ts";
import type { RetryRule } from "./retry-rule.ts";
import { interjections, type StreamPings } from "./stream-pings.ts";

/** Nothing, what comes of system message and tools, or everything. */
export type SharePrefixes = "own" | "system" | "all";

/** How requests are forwarded; part of the settings. */
export interface ForwardRules {
  readonly maxBodyBytes: number;
  /** What of one key's kept state requests with another one may use. */
  readonly sharePrefixes: SharePrefixes;
  /** Streams that wait are told so (`StreamPings`). */
  readonly streamPings: boolean;
  /** For upstreams that Drover does not own. */
  readonly retry: RetryRule;
  readonly ownedRetry: RetryRule;
  readonly timeouts: ForwardTimeouts;
  /** How many requests `drover explain` knows. */
  readonly explained: number;
}

/** Where requests are forwarded to, and who is told of it. */
export interface Forwarder {
  readonly pool: UpstreamPool;
  readonly admission: Admission;
  readonly hints: PlacementHints;
  readonly connections: ConnectionPool;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly rules: () => ForwardRules;
  readonly bodies: BodyBudget;
  /** Whether the owned upstreams are Drover's own workers. */
  readonly ownsApi: () => boolean;
  /** Undefined where responses are not kept. */
  readonly responses: () => ResponseStore | undefined;
  /** Requests that crashed workers. */
  readonly condemned: CondemnedRequests;
  /** What the server itself sent on a connection because its request could not be read to the end. */
  readonly rawResponses: WeakMap<object, Ending>;
}

/** How a request gets its lease, and who is told of it. */
export interface Placing {
  readonly placement: Hints;
  readonly pings: StreamPings | undefined;
  readonly record: CrashRecord;
  readonly claim: Claim;
}

/** A client's request as it goes from worker to worker, and all that is noted of it on its way. */
export class ForwardedRequest implements ForwardTask {
  readonly client: ForwardTask["client"];
  readonly outgoing: ForwardTask["outgoing"];
  readonly pick: PickState;
  readonly attempts: Attempt[];
  readonly retry: RetryRule;
  readonly ownedRetry: RetryRule;
  readonly timeouts: ForwardTimeouts;
  readonly #request: ClientRequest;
  readonly #onBody: Conversation["onBody"];
  readonly #placing: Placing;
  readonly #forwarder: Forwarder;

  constructor(request: ClientRequest, { body, headers, onBody }: Conversation, placing: Placing, forwarder: Forwarder) {
    const { incoming, response, switchable } = request.arrival;
    const { retry, ownedRetry, timeouts, sharePrefixes } = forwarder.rules();
    this.client = { request: incoming, response, switchable: request.wantsWebSocket ? switchable : undefined };
    const more = [...headers, ...interjections(placing.pings, forwarder.ownsApi())];
    this.outgoing = new OutgoingRequest(request, body, more, sharePrefixes);
    this.pick = placing.claim.pick;
    this.attempts = request.attempts;
    this.retry = retry;
    this.ownedRetry = ownedRetry;
    this.timeouts = timeouts;
    this.#request = request;
    this.#onBody = onBody;
    this.#placing = placing;
    this.#forwarder = forwarder;
  }

  acquire(): Promise<Lease | undefined> | Lease | undefined {
    return this.#forwarder.admission.acquire(this.#placing.claim);
  }

  isCondemned(): boolean {
    return this.#placing.record.isCondemned();
  }

  onLease({ upstream, decision }: Lease): void {
    if (decision !== undefined) this.#request.decisions.push(decision);
    this.#placing.pings?.onLease(upstream);
    this.#placing.placement.onPicked(upstream);
  }

  onResume({ upstream }: Lease, reason: string): string | undefined {
    const { id, resumedAttempts, attempts } = this.#request;
    this.#forwarder.metrics.countResume();
    resumedAttempts.push(attempts.length);
    this.#forwarder.logger.warn({ id, upstream: upstream.id, reason }, "a worker resumes another one's response");
    return this.#placing.pings?.onResume(upstream);
  }

  onHead(head: ResponseHead, { upstream, headerMs }: Attempt): RelayedHead {
    const { metrics, clock } = this.#forwarder;
    this.#placing.placement.onFirstByte(upstream, headerMs ?? 0);
    metrics.countFirstByte(clock.monotonicMs() - this.#request.arrival.receivedAtMs);
    this.#request.isStream = isStream(head);
    this.#placing.pings?.onHead(head);
    this.#request.foreignUsage = readerFor(this.#request, head, upstream, clock);
    return relayedHead(head, this.#request, workerHeader(upstream));
  }

  onInterim(head: ResponseHead, { upstream }: Attempt): RelayedHead {
    this.#placing.pings?.onHead(head);
    return relayedHead({ ...head, status: 200, reason: "OK" }, this.#request, workerHeader(upstream));
  }

  errorEvent(message: string): string {
    return errorEvent({ status: 502, message, code: "upstream_died" }, this.client.request);
  }

  bodyListener(): ((part: Buffer) => void) | undefined {
    const { foreignUsage } = this.#request;
    return foreignUsage === undefined ? this.#onBody : alsoTo(foreignUsage, this.#onBody);
  }
}

/** What only workers of Drover's own are told is made when one is. */
class OutgoingRequest implements UpstreamRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: RawHeaders;
  readonly body: RequestBody;
  readonly call: string;
  readonly #request: ClientRequest;
  readonly #sharePrefixes: SharePrefixes;
  #resumeKey: string | undefined;

  constructor(request: ClientRequest, body: RequestBody, more: RawHeaders, sharePrefixes: SharePrefixes) {
    this.method = request.method;
    this.target = request.target;
    this.headers = [...upstreamHeaders(request), ...more];
    this.body = body;
    this.call = request.arrival.call;
    this.#request = request;
    this.#sharePrefixes = sharePrefixes;
  }

  get resumeKey(): string | undefined {
    if (this.method !== "POST" || this.body.kind !== "bytes") return undefined;
    return (this.#resumeKey ??= randomUUID());
  }

  get owner(): string {
    return workersOwner(this.#request, this.#sharePrefixes);
  }
}

/** Whose request it is to workers: slots are divided between keys, and between addresses where there are none, which share all state. */
function workersOwner({ caller, owner }: ClientRequest, sharePrefixes: string): string {
  return caller === undefined ? `${Buffer.from(owner).toString("hex")} all` : `${caller.stateOwner} ${sharePrefixes}`;
}

function alsoTo(reader: UsageReader, onBody: Conversation["onBody"]): (part: Buffer) => void {
  return (part) => {
    onBody?.(part);
    reader.push(part);
  };
}
