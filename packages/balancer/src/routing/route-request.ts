import type { IncomingMessage, ServerResponse } from "node:http";
import type { Logger } from "pino";
import type { BalancerRules } from "../balancer-settings.ts";
import type { Clock } from "../clock.ts";
import { logAccess } from "../front/access-log.ts";
import { errorEvent, type ProxyError } from "../front/error-envelope.ts";
import { readBody } from "../front/read-body.ts";
import { requestIdOf } from "../front/request-id.ts";
import { refuseBody, respond, respondError } from "../front/respond.ts";
import { serviceRoute } from "../front/service-routes.ts";
import type { ConnectionPool } from "../forwarding/connection-pool.ts";
import { forwardRequest } from "../forwarding/forward-request.ts";
import type { AnswerHead, Attempt, ForwardOutcome, RequestBody } from "../forwarding/forward-task.ts";
import { relayedHead, upstreamHeaders } from "../forwarding/proxy-headers.ts";
import type { Metrics } from "../metrics.ts";
import { type Admitter, createAdmitter, type Refusal } from "./admit.ts";
import type { AdmissionQueue } from "./admission-queue.ts";
import type { Lease } from "./lease.ts";
import type { PlacementHints } from "./placement-hints.ts";
import type { UpstreamPool } from "./upstream-pool.ts";

export interface RouteParts {
  readonly pool: UpstreamPool;
  readonly queue: AdmissionQueue;
  readonly hints: PlacementHints;
  readonly connections: ConnectionPool;
  readonly metrics: Metrics;
  readonly rules: () => BalancerRules;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly retryAfterSeconds: () => number;
  readonly onQueueWait: (waitMs: number) => void;
  readonly onWakeNeeded: () => void;
}

/** A request on its way through the balancer. */
interface Passage {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly requestId: string;
  readonly clientAddress: string;
  readonly startedAtMs: number;
  readonly path: string;
}

/** One request from its head to the last byte of its answer: own route, or body, place, upstream. Never throws. */
export async function routeRequest(
  request: IncomingMessage,
  response: ServerResponse,
  parts: RouteParts,
): Promise<void> {
  const passage: Passage = {
    request,
    response,
    requestId: requestIdOf(request.headers["x-request-id"], parts.random),
    clientAddress: request.socket.remoteAddress ?? "unix:",
    startedAtMs: parts.clock.now(),
    path: pathOf(request.url ?? "/"),
  };
  try {
    const own = serviceRoute(request, passage.path, parts);
    if (own === undefined) await forward(passage, parts);
    else respond(response, passage.requestId, own instanceof Promise ? await own : own);
  } catch (error) {
    parts.logger.error({ err: error, id: passage.requestId }, "a request failed in the balancer itself");
    respondError(response, passage.requestId, {
      status: 500,
      message: "the balancer failed on this request; its log has the reason",
      code: "internal_error",
    });
    if (!response.writableEnded) response.destroy();
  }
}

async function forward(passage: Passage, parts: RouteParts): Promise<void> {
  const body = await bodyOf(passage, parts);
  if (body === undefined) return;
  const admitter = createAdmitter(passage, parts);
  const outcome = await forwardRequest(taskOf(passage, body, admitter, parts), {
    connections: parts.connections,
    clock: parts.clock,
    errorEvent,
  });
  conclude(passage, outcome, admitter, parts);
}

/** Undefined when the request was refused, or its client left, while the body came. */
async function bodyOf(passage: Passage, parts: RouteParts): Promise<RequestBody | undefined> {
  const { request, response, requestId } = passage;
  const { maxBodyBytes } = parts.rules();
  const announced = Number(request.headers["content-length"] ?? 0);
  if (request.headers.expect !== undefined && announced <= maxBodyBytes) response.writeContinue();
  const reading = readBody(request, maxBodyBytes);
  const read = reading instanceof Promise ? await reading : reading;
  if (read.kind === "none" || read.kind === "bytes") return read;
  if (read.kind === "too-large") {
    const message = `the request body is larger than ${maxBodyBytes} bytes`;
    refuseBody(request, requestId, { status: 413, message, code: "body_too_large" });
    parts.metrics.countRefusal("body_too_large");
    finish(passage, parts, { status: 413, bodyBytes: 0, queueMs: 0, upstreams: [] });
  } else finish(passage, parts, { status: 499, bodyBytes: 0, queueMs: 0, upstreams: [] });
  return undefined;
}

function taskOf(passage: Passage, body: RequestBody, admitter: Admitter, parts: RouteParts) {
  const { request, response, requestId } = passage;
  const rules = parts.rules();
  const hints = parts.hints.of(passage.path, body.kind === "bytes" ? body.bytes : noBytes, parts.pool);
  return {
    client: { request, response },
    method: request.method ?? "GET",
    target: request.url ?? "/",
    headers: upstreamHeaders(request, requestId),
    body,
    pick: parts.pool.startPick({ clientAddress: passage.clientAddress, ...hints }, rules.retry.tries),
    acquire: admitter.acquire,
    onLease: (lease: Lease) => hints.onPlaced(lease.upstream),
    retry: rules.retry,
    timeouts: rules.timeouts,
    onHead: (head: AnswerHead, attempt: Attempt) => {
      hints.onFirstByte(attempt.upstream, attempt.headerMs ?? 0);
      parts.metrics.countFirstByte(parts.clock.now() - passage.startedAtMs);
      return relayedHead(head, requestId);
    },
  };
}

const noBytes = Buffer.alloc(0);

/** Answers where nobody else did, then counts and logs. */
function conclude(passage: Passage, outcome: ForwardOutcome, admitter: Admitter, parts: RouteParts): void {
  const { response, requestId } = passage;
  const refusal = admitter.refusal();
  if (outcome.kind === "failed") {
    if (refusal === undefined) respondError(response, requestId, failureOf(outcome));
    else {
      const error = refusalErrors[refusal];
      respondError(response, requestId, error, ["Retry-After", String(parts.retryAfterSeconds())]);
      parts.metrics.countRefusal(error.code);
    }
  }
  if (outcome.kind === "broken") {
    const upstream = outcome.attempts.at(-1)?.upstream.id;
    parts.logger.warn({ id: requestId, upstream, reason: outcome.reason }, "an upstream broke off its answer");
  }
  for (let retry = 1; retry < outcome.attempts.length; retry += 1) parts.metrics.countRetry();
  finish(passage, parts, {
    status: statusOf(outcome, response),
    bodyBytes: outcome.attempts.at(-1)?.bodyBytes ?? 0,
    queueMs: admitter.waitedMs(),
    upstreams: outcome.attempts.map((attempt) => attempt.upstream.id),
  });
}

function statusOf(outcome: ForwardOutcome, response: ServerResponse): number {
  return outcome.kind === "client-gone" ? 499 : response.statusCode;
}

function failureOf(outcome: Extract<ForwardOutcome, { kind: "failed" }>): ProxyError {
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

interface Ending {
  readonly status: number;
  readonly bodyBytes: number;
  readonly queueMs: number;
  readonly upstreams: readonly string[];
}

function finish(passage: Passage, parts: RouteParts, ending: Ending): void {
  const { request, requestId, clientAddress, startedAtMs } = passage;
  const nowMs = parts.clock.now();
  const durationMs = nowMs - startedAtMs;
  parts.metrics.countRequest(ending.status, durationMs);
  logAccess(parts.logger, parts.rules().accessFormat, {
    request,
    requestId,
    clientAddress,
    keyLabel: undefined,
    durationMs,
    nowMs,
    ...ending,
  });
}

function pathOf(target: string): string {
  const query = target.indexOf("?");
  return query < 0 ? target : target.slice(0, query);
}
