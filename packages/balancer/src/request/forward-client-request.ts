import { randomUUID } from "node:crypto";
import type { Clock } from "@drover/foundation/clock";
import type { Logger } from "pino";
import { errorEvent, type ProxyError } from "../error-envelope.ts";
import type { Metrics } from "../own-routes/metrics.ts";
import type { Admission, Claim } from "../queue/admission.ts";
import type { Hints, PlacementHints } from "../pool/placement-hints.ts";
import type { UpstreamPool } from "../pool/upstream-pool.ts";
import type { ResponseStore } from "../response-store/response-store.ts";
import type { ConnectionPool } from "../upstream-http/connection-pool.ts";
import type { ForwardTimeouts } from "../upstream-http/exchange-task.ts";
import { isStream } from "../upstream-http/response-head.ts";
import type { RequestBody } from "../upstream-http/upstream-request.ts";
import type { BodyBudget } from "./body-budget.ts";
import { type ClientRequest, type Ending, evaluated } from "./client-request.ts";
import { type Conversation, conversationOf } from "../response-store/conversation.ts";
import { concludeRequest } from "./conclude-request.ts";
import type { CondemnedRequests, CrashRecord } from "./condemned-requests.ts";
import { forwardRequest } from "./forward-request.ts";
import type { ForwardOutcome, ForwardTask } from "./forward-task.ts";
import { relayedHead, upstreamHeaders, workerHeader } from "./proxy-headers.ts";
import { readBody } from "./read-body.ts";
import { condemned, noRoom } from "./request-errors.ts";
import type { RetryRule } from "./retry-rule.ts";
import { readerFor, type ToldUsageReader } from "../foreign-usage/usage-reader.ts";
import { interjections, type StreamPings, streamPings } from "./stream-pings.ts";

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

/** Body, lease, upstream, response; then the request ends. Throws only for the balancer's own faults. */
export async function forwardClientRequest(request: ClientRequest, forwarder: Forwarder): Promise<void> {
  const body = await bodyOf(request, forwarder);
  if (body === undefined) return;
  try {
    await converse(request, body, forwarder);
  } finally {
    if (body.kind === "bytes") forwarder.bodies.of(request.owner).giveBack(body.bytes.length);
  }
}

async function converse(request: ClientRequest, body: RequestBody, forwarder: Forwarder): Promise<void> {
  const { metrics } = forwarder;
  const bodies = forwarder.bodies.of(request.owner);
  const asker = { path: request.path, owner: request.caller?.stateOwner ?? "" };
  const conversation = await conversationOf(asker, body, forwarder.responses(), forwarder.rules().maxBodyBytes);
  if ("status" in conversation) {
    metrics.countRefusal(conversation.code);
    request.refuse(conversation);
    return;
  }
  const { addedBytes } = conversation;
  if (addedBytes > 0 && !bodies.take(addedBytes)) {
    metrics.countRefusal(noRoom.code);
    request.refuse(noRoom, ["Retry-After", String(forwarder.admission.retryAfterSeconds())]);
    return;
  }
  try {
    await forwardWithBody(request, conversation, forwarder);
  } finally {
    bodies.giveBack(addedBytes);
  }
}

async function forwardWithBody(
  request: ClientRequest,
  conversation: Conversation,
  forwarder: Forwarder,
): Promise<void> {
  const { body } = conversation;
  const bytes = body.kind === "bytes" ? body.bytes : undefined;
  const record = forwarder.condemned.recordOf(request, bytes ?? noBytes);
  if (record.isCondemned()) {
    forwarder.metrics.countRefusal(condemned.code);
    request.refuse(condemned);
    return;
  }
  const holder = forwarder.rules().sharePrefixes === "all" ? undefined : request.caller?.stateOwner;
  const placement = forwarder.hints.of(request.path, bytes ?? noBytes, forwarder.pool, holder);
  const isPinged = forwarder.ownsApi() && forwarder.rules().streamPings;
  const pings = streamPings(request, bytes, isPinged, forwarder.clock);
  const claim = claimOf(request, { placement, pings, record }, forwarder);
  const task = taskOf(request, conversation, { placement, pings, record, claim }, forwarder);
  let outcome: ForwardOutcome;
  try {
    outcome = await forwardRequest(task, forwarder.connections, forwarder.clock);
    // Before the pick ends, which lets one like it go on.
    if (outcome.kind === "condemned") condemn(record, forwarder);
  } finally {
    forwarder.pool.endPick(claim.pick);
    pings?.stop();
  }
  request.onTokens.push((tokens) => forwarder.admission.account(claim, tokens && evaluated(tokens)));
  request.queueMs = claim.waitedMs;
  concludeRequest(request, outcome, claim, forwarder);
}

/** Those like it that wait are told at once. */
function condemn(record: CrashRecord, { condemned: known, admission }: Forwarder): void {
  record.condemn();
  admission.dismiss(({ likeness }) => likeness !== undefined && known.has(likeness()));
}

/** Undefined when the request was refused, or its client left, while the body came. */
async function bodyOf(request: ClientRequest, forwarder: Forwarder): Promise<RequestBody | undefined> {
  const { incoming, response } = request.arrival;
  const { maxBodyBytes } = forwarder.rules();
  const announced = Number(incoming.headers["content-length"] ?? 0);
  const asks = incoming.httpVersionMinor >= 1 && /100-continue/i.test(incoming.headers.expect ?? "");
  if (asks && announced <= maxBodyBytes) response.writeContinue();
  const reading = readBody(incoming, maxBodyBytes, forwarder.bodies.of(request.owner));
  const read = reading instanceof Promise ? await reading : reading;
  if (read.kind === "none" || read.kind === "bytes") return read;
  if (read.kind === "too-large") {
    const message = `the request body is larger than ${maxBodyBytes} bytes`;
    refuseWithBody(request, { status: 413, message, code: "body_too_large" }, [], forwarder);
  } else if (read.kind === "no-room") {
    refuseWithBody(request, noRoom, ["Retry-After", String(forwarder.admission.retryAfterSeconds())], forwarder);
  } else request.end(forwarder.rawResponses.get(incoming.socket) ?? { status: 499, bodyBytes: 0 });
  return undefined;
}

function refuseWithBody(
  request: ClientRequest,
  error: ProxyError,
  headers: readonly string[],
  { metrics }: Forwarder,
): void {
  metrics.countRefusal(error.code);
  request.refuseBody(error, headers);
}

function claimOf(
  request: ClientRequest,
  { placement, pings, record }: Omit<Placing, "claim">,
  { pool, rules }: Forwarder,
): Claim {
  const { affinity, cost } = placement;
  const { likeness } = record;
  const { retry, explained } = rules();
  const key = Buffer.from(request.owner);
  const { clientAddress } = request.arrival;
  const sender = request.owner;
  const asked = { clientAddress, key, affinity, cost, likeness, sender, isExplained: explained > 0 };
  return {
    pick: pool.startPick(asked, retry.tries),
    owner: request.owner,
    client: request.response,
    needsSlot: request.needsSlot,
    onPosition: pings?.onPosition,
    waitedMs: 0,
    charged: undefined,
    refusal: undefined,
  };
}

/** How a request gets its lease, and who is told of it. */
interface Placing {
  readonly placement: Hints;
  readonly pings: StreamPings | undefined;
  readonly record: CrashRecord;
  readonly claim: Claim;
}

function taskOf(
  request: ClientRequest,
  { body, headers, onBody }: Conversation,
  { placement, pings, record, claim }: Placing,
  { admission, metrics, logger, clock, rules, ownsApi }: Forwarder,
): ForwardTask {
  const { incoming, response, switchable, receivedAtMs } = request.arrival;
  const { retry, ownedRetry, timeouts, sharePrefixes } = rules();
  const isResumable = request.method === "POST" && body.kind === "bytes";
  return {
    client: { request: incoming, response, switchable: request.wantsWebSocket ? switchable : undefined },
    outgoing: {
      method: request.method,
      target: request.target,
      headers: [...upstreamHeaders(request), ...headers, ...interjections(pings, ownsApi())],
      body,
      resumeKey: isResumable ? randomUUID() : undefined,
      owner: workersOwner(request, sharePrefixes),
      call: request.arrival.call,
    },
    pick: claim.pick,
    attempts: request.attempts,
    retry,
    ownedRetry,
    timeouts,
    acquire: () => admission.acquire(claim),
    isCondemned: record.isCondemned,
    onLease: ({ upstream, decision }) => {
      if (decision !== undefined) request.decisions.push(decision);
      pings?.onLease(upstream);
      placement.onPicked(upstream);
    },
    onResume: ({ upstream }, reason) => {
      metrics.countResume();
      request.resumedAttempts.add(request.attempts.length);
      logger.warn({ id: request.id, upstream: upstream.id, reason }, "a worker resumes another one's response");
      return pings?.onResume(upstream);
    },
    onHead: (head, attempt) => {
      placement.onFirstByte(attempt.upstream, attempt.headerMs ?? 0);
      metrics.countFirstByte(clock.monotonicMs() - receivedAtMs);
      request.isStream = isStream(head);
      pings?.onHead(head);
      request.told = readerFor(request, head, attempt.upstream, clock);
      return relayedHead(head, request, workerHeader(attempt.upstream));
    },
    onInterim: (head, { upstream }) => {
      pings?.onHead(head);
      return relayedHead({ ...head, status: 200, reason: "OK" }, request, workerHeader(upstream));
    },
    errorEvent: (message) => errorEvent({ status: 502, message, code: "upstream_died" }, incoming),
    bodyListener: () => {
      const { told } = request;
      return told === undefined ? onBody : bothTold(onBody, told);
    },
  };
}

/** Whose request it is to workers: slots are divided between keys, and between addresses where there are none, which share all state. */
function workersOwner({ caller, owner }: ClientRequest, sharePrefixes: string): string {
  return caller === undefined ? `${Buffer.from(owner).toString("hex")} all` : `${caller.stateOwner} ${sharePrefixes}`;
}

function bothTold(onBody: Conversation["onBody"], told: ToldUsageReader): (part: Buffer) => void {
  return (part) => {
    onBody?.(part);
    told.push(part);
  };
}

const noBytes = Buffer.alloc(0);
