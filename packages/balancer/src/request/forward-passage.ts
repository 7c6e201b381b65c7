import { randomUUID } from "node:crypto";
import type { ProxyError } from "../http/error-envelope.ts";
import { errorEvent } from "../http/error-envelope.ts";
import { readBody } from "../http/read-body.ts";
import { refuseBody, respondError } from "../http/respond.ts";
import type { RawAnswer } from "../http/server.ts";
import type { ConnectionPool } from "../upstream-http/connection-pool.ts";
import { forwardRequest } from "./forward-request.ts";
import type { AnswerHead, Attempt, ForwardOutcome, ForwardTask, RequestBody } from "./forward-task.ts";
import { relayedHead, upstreamHeaders } from "./proxy-headers.ts";
import { type AdmitParts, type Admitter, createAdmitter, type Refusal } from "../queue/admit.ts";
import { endedHere, finish, type Passage, type PassageParts } from "./passage.ts";
import type { PlacementHints } from "../pool/placement-hints.ts";
import type { Upstream } from "../pool/upstream.ts";
import { endWithError, type QueueEvents, queueEvents } from "./queue-events.ts";

export interface ForwardParts extends PassageParts, AdmitParts {
  /** What was answered on a connection because its request could not be read to the end. */
  readonly rawAnswers: WeakMap<object, RawAnswer>;
  readonly hints: PlacementHints;
  readonly connections: ConnectionPool;
  readonly retryAfterSeconds: () => number;
}

/** Body, place, upstream, answer; then counts and logs. Throws only for the balancer's own faults. */
export async function forwardPassage(passage: Passage, parts: ForwardParts): Promise<void> {
  const body = await bodyOf(passage, parts);
  if (body === undefined) return;
  const { request, response, keyLabel } = passage;
  const events = queueEvents(passage, body.kind === "bytes" ? body.bytes : undefined, parts.clock);
  const admitter = createAdmitter({ request, response, owner: keyLabel ?? "", onPlace: events?.onPlace }, parts);
  const outcome = await forwardRequest(taskOf(passage, body, admitter, parts, events), {
    connections: parts.connections,
    clock: parts.clock,
    errorEvent: (reason) => errorEvent(reason, request.url),
  });
  events?.stop();
  conclude(passage, outcome, admitter, parts);
}

/** Undefined when the request was refused, or its client left, while the body came. */
async function bodyOf(passage: Passage, parts: ForwardParts): Promise<RequestBody | undefined> {
  const { request, response, requestId } = passage;
  const { maxBodyBytes } = parts.rules();
  const announced = Number(request.headers["content-length"] ?? 0);
  if (/100-continue/i.test(request.headers.expect ?? "") && announced <= maxBodyBytes) response.writeContinue();
  const reading = readBody(request, maxBodyBytes);
  const read = reading instanceof Promise ? await reading : reading;
  if (read.kind === "none" || read.kind === "bytes") return read;
  if (read.kind === "too-large") {
    const message = `the request body is larger than ${maxBodyBytes} bytes`;
    const bodyBytes = refuseBody(request, requestId, { status: 413, message, code: "body_too_large" });
    parts.metrics.countRefusal("body_too_large");
    finish(passage, parts, endedHere(413, bodyBytes));
  } else {
    const answered = parts.rawAnswers.get(request.socket);
    finish(passage, parts, endedHere(answered?.status ?? 499, answered?.bodyBytes ?? 0));
  }
  return undefined;
}

function taskOf(
  passage: Passage,
  body: RequestBody,
  admitter: Admitter,
  parts: ForwardParts,
  events: QueueEvents | undefined,
): ForwardTask {
  const { request, response, requestId, extraHeaders } = passage;
  const rules = parts.rules();
  const door = parts.door();
  const hints = parts.hints.of(passage.path, body.kind === "bytes" ? body.bytes : noBytes, parts.pool);
  const fromTrustedProxy = door.trusted.has(request.socket.remoteAddress ?? "");
  const key = Buffer.from(passage.keyLabel ?? passage.clientAddress);
  return {
    client: { request, response },
    method: request.method ?? "GET",
    target: request.url ?? "/",
    headers: upstreamHeaders(request, { requestId, fromTrustedProxy, hideKey: passage.keyLabel !== undefined }),
    body,
    pick: parts.pool.startPick({ clientAddress: passage.clientAddress, key, ...hints }, rules.retry.tries),
    acquire: admitter.acquire,
    onLease: (lease) => {
      events?.onLease(lease.upstream);
      hints.onPlaced(lease.upstream);
    },
    retry: rules.retry,
    ownedRetry: rules.ownedRetry,
    ...(request.method === "POST" && body.kind === "bytes" ? { resumeKey: randomUUID() } : {}),
    onResume: ({ upstream }, reason) => {
      parts.metrics.countResume();
      parts.logger.warn({ id: requestId, upstream: upstream.id, reason }, "a worker goes on with another one's answer");
      return events === undefined ? undefined : `: resumed ${upstream.id}\n\n`;
    },
    timeouts: rules.timeouts,
    onHead: (head: AnswerHead, attempt: Attempt) => {
      hints.onFirstByte(attempt.upstream, attempt.headerMs ?? 0);
      parts.metrics.countFirstByte(parts.clock.monotonicMs() - passage.startedAtMs);
      return relayedHead(head, requestId, [...workerHeader(attempt.upstream), ...extraHeaders]);
    },
  };
}

/** Which worker answers. Of other upstreams nothing is told: their names are addresses inside. */
function workerHeader({ owned, id }: Upstream): readonly string[] {
  return owned ? ["x-drover-worker", id] : [];
}

const noBytes = Buffer.alloc(0);

/** Answers where nobody else did, then counts and logs. */
function conclude(passage: Passage, outcome: ForwardOutcome, admitter: Admitter, parts: ForwardParts): void {
  const { response, requestId } = passage;
  const ownBytes = outcome.kind === "failed" ? answerFailure(passage, outcome, admitter.refusal(), parts) : 0;
  if (outcome.kind === "broken") {
    const upstream = outcome.attempts.at(-1)?.upstream.id;
    parts.logger.warn({ id: requestId, upstream, reason: outcome.reason }, "an upstream broke off its answer");
  }
  for (let retry = 1; retry < outcome.attempts.length; retry += 1) parts.metrics.countRetry();
  finish(passage, parts, {
    status: outcome.kind === "client-gone" ? 499 : response.statusCode,
    bodyBytes: outcome.kind === "failed" ? ownBytes : (outcome.attempts.at(-1)?.bodyBytes ?? 0),
    queueMs: admitter.waitedMs(),
    upstreams: outcome.attempts.map((attempt) => attempt.upstream.id),
  });
}

type Failed = Extract<ForwardOutcome, { kind: "failed" }>;

/** @returns bytes of the answer's body */
function answerFailure(passage: Passage, outcome: Failed, refusal: Refusal | undefined, parts: ForwardParts): number {
  const { response, requestId, extraHeaders } = passage;
  const error = refusal === undefined ? failureOf(outcome) : refusalErrors[refusal];
  if (refusal !== undefined) parts.metrics.countRefusal(error.code);
  const retryAfter = refusal === undefined ? [] : ["Retry-After", String(parts.retryAfterSeconds())];
  if (response.headersSent) return endWithError(response, error.message);
  return respondError(response, requestId, error, [...retryAfter, ...extraHeaders]);
}

function failureOf(outcome: Failed): ProxyError {
  const tried = outcome.attempts.length;
  if (outcome.status === 504) {
    return { status: 504, message: `the upstream did not answer in time: ${outcome.reason}`, code: "upstream_timeout" };
  }
  if (tried === 0) return { status: 502, message: "no upstream can take the request now", code: "no_live_upstream" };
  return { status: 502, message: `no upstream answered (${tried} tried): ${outcome.reason}`, code: "upstream_failed" };
}

const refusalErrors: Readonly<Record<Refusal, ProxyError>> = {
  overflow: { status: 429, message: "too many requests are waiting; try again later", code: "queue_full" },
  timeout: { status: 503, message: "no worker came free in time; try again later", code: "queue_timeout" },
  closed: { status: 503, message: "the server is shutting down", code: "shutting_down" },
};
