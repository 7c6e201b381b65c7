import type { Clock } from "@drover/foundation/clock";
import { isInService } from "../policies/availability.ts";
import type { PickState } from "../policies/policy.ts";
import type { Lease, LeaseOutcome } from "../pool/lease.ts";
import type { ConnectionPool } from "../upstream-http/connection-pool.ts";
import { exchange } from "../upstream-http/exchange.ts";
import type { ExchangeResult, UnfinishedAnswer } from "../upstream-http/exchange-options.ts";
import type { Attempt, ForwardOutcome, ForwardTask } from "./forward-task.ts";
import { type AttemptFailure, mayRetry, type RetryRule, statusOf } from "./retry-rule.ts";

export interface ForwarderParts {
  readonly connections: ConnectionPool;
  readonly clock: Clock;
  /** What tells a client of an event stream that its upstream died; undefined just cuts it. */
  readonly errorEvent: (reason: string) => string | undefined;
}

/** A request that kills each worker it reaches must not reach them all. */
const mostOwnedAttempts = 4;

/**
 * Sends a request to an upstream and relays the answer, going on to other upstreams as the retry rule says. Every lease is released.
 * Never throws for what an upstream or the client does: that is in the outcome.
 */
export async function forwardRequest(task: ForwardTask, parts: ForwarderParts): Promise<ForwardOutcome> {
  const attempts: Attempt[] = task.attempts ?? [];
  const startedAtMs = parts.clock.monotonicMs();
  let last: { readonly reason: string } | undefined;
  let unfinished: UnfinishedAnswer | undefined;
  while (true) {
    const acquired = task.acquire(task.pick);
    const lease = acquired instanceof Promise ? await acquired : acquired;
    if (task.client.response.destroyed && task.ignoreClientAbort !== true) {
      lease?.release("unused");
      return { kind: "client-gone", attempts };
    }
    if (lease === undefined) {
      return unfinished === undefined ? noneLeft(attempts, last) : breakOff(unfinished, last?.reason, attempts, parts);
    }
    task.onLease?.(lease);
    if (unfinished !== undefined) unfinished.relay.interject(task.onResume?.(lease, last?.reason ?? "") ?? "");
    const attempt = newAttempt(lease, parts.clock);
    attempts.push(attempt);
    const run: Run = { task, parts, startedAtMs, attempts, unfinished };
    const result = await attemptOn(lease, attempt, run);
    if (result.kind === "broken" && result.unfinished !== undefined) ({ unfinished } = result);
    else if (result.kind !== "failed") return { ...endOf(result, attempt), attempts };
    else attempt.status ??= statusOf(result.failure);
    attempt.error = result.reason;
    last = result;
    if (goesOn(result, lease, run)) continue;
    if (unfinished !== undefined) return breakOff(unfinished, result.reason, attempts, parts);
    if (result.kind === "failed") {
      return { kind: "failed", status: statusOf(result.failure), reason: result.reason, attempts };
    }
  }
}

/** Nobody goes on with it. */
function breakOff(
  { relay }: UnfinishedAnswer,
  reason = "no upstream is left",
  attempts: readonly Attempt[],
  parts: ForwarderParts,
): ForwardOutcome {
  relay.breakOff(parts.errorEvent(reason));
  return { kind: "broken", status: 200, reason, attempts };
}

interface Run {
  readonly task: ForwardTask;
  readonly parts: ForwarderParts;
  readonly startedAtMs: number;
  readonly attempts: readonly Attempt[];
  readonly unfinished: UnfinishedAnswer | undefined;
}

async function attemptOn(lease: Lease, attempt: Attempt, run: Run): Promise<ExchangeResult> {
  const { task, parts } = run;
  const { connections, clock } = parts;
  const connection = connections.take(lease.upstream);
  const stale = connection.requests > 0;
  let outcome: LeaseOutcome = "ok";
  try {
    const result = await exchange({
      task,
      connection,
      attempt,
      clock,
      // A worker of Drover's own is judged by its heartbeat: a long prefill is silence, and healthy.
      timeouts: lease.upstream.owned ? { ...task.timeouts, sendMs: 0, readMs: 0 } : task.timeouts,
      keepAlive: connections.keepalive.connections > 0,
      unfinished: run.unfinished,
      isRetried: (status) => isListed(status, lease, run),
      errorEvent: parts.errorEvent,
    });
    if (result.kind === "relayed" && result.reusable) connections.give(connection);
    else connection.destroy();
    if (result.kind === "failed") {
      outcome = outcomeOf(result.failure);
      lease.upstream.lastFailure = result.reason;
      lease.release(outcome);
      if (stale && result.failure === "error") giveOneMoreTry(lease, run);
    } else if (result.kind === "broken") {
      lease.upstream.lastFailure = result.reason;
      if (result.unfinished !== undefined) outcome = "lost";
    }
    return result;
  } finally {
    lease.release(outcome);
  }
}

function outcomeOf(failure: AttemptFailure): LeaseOutcome {
  if (failure === 403 || failure === 404) return "next";
  return failure === "error" ? "lost" : "failed";
}

/** A kept-alive connection that breaks may only have been closed by the upstream in the meantime (nginx `peer.cached`). */
function giveOneMoreTry(lease: Lease, run: Run): void {
  run.task.pick.triesLeft += 1;
  if (lease.upstream.owned) run.task.pick.tried.delete(lease.upstream);
}

/** nginx looks at a status only while another try is left after this one (`ngx_http_upstream_test_next`). */
function isListed(status: number, lease: Lease, run: Run): boolean {
  if (!isFailureStatus(status)) return false;
  // The last worker's own words are better than ours about it.
  if (lease.upstream.owned && !hasUntried(run.task.pick)) return false;
  return mayRetry(ruleFor(lease, run.task), status, retryState(lease, run, true, run.task.pick.triesLeft - 1));
}

function ruleFor(lease: Lease, task: ForwardTask): RetryRule {
  return lease.upstream.owned ? (task.ownedRetry ?? task.retry) : task.retry;
}

function hasUntried(pick: PickState): boolean {
  return pick.group.peers.some((peer) => isInService(peer) && pick.tried.get(peer) !== peer.generation);
}

function goesOn(result: Extract<ExchangeResult, { reason: string }>, lease: Lease, run: Run): boolean {
  const isBroken = result.kind === "broken";
  const state = retryState(lease, run, isBroken || result.requestSent, run.task.pick.triesLeft);
  return mayRetry(ruleFor(lease, run.task), isBroken ? "error" : result.failure, state);
}

function retryState(lease: Lease, run: Run, requestSent: boolean, triesLeft: number) {
  const { owned } = lease.upstream;
  return {
    method: run.task.method,
    requestSent,
    replayable: run.task.body.kind !== "stream",
    triesLeft: owned ? mostOwnedAttempts - run.attempts.length : triesLeft,
    elapsedMs: run.parts.clock.monotonicMs() - run.startedAtMs,
    owned,
  };
}

const failureStatuses: ReadonlySet<number> = new Set([500, 502, 503, 504, 403, 404, 429]);

function isFailureStatus(status: number): status is Extract<AttemptFailure, number> {
  return failureStatuses.has(status);
}

function newAttempt(lease: Lease, clock: Clock): Attempt {
  return {
    upstream: lease.upstream,
    startedAtMs: clock.monotonicMs(),
    connectMs: undefined,
    headerMs: undefined,
    responseMs: undefined,
    status: undefined,
    bytesSent: 0,
    bytesReceived: 0,
    bodyBytes: 0,
    error: undefined,
  };
}

/** nginx's "no live upstreams" is a 502, whatever failed before. */
function noneLeft(attempts: readonly Attempt[], last: { readonly reason: string } | undefined): ForwardOutcome {
  return { kind: "failed", status: 502, reason: last?.reason ?? "no live upstreams", attempts };
}

type Ended = Exclude<ExchangeResult, { kind: "failed" }>;

function endOf(result: Ended, attempt: Attempt) {
  const status = attempt.status ?? 0;
  if (result.kind === "relayed") return { kind: "answered" as const, status };
  if (result.kind === "intercepted") return { kind: "intercepted" as const, head: result.head };
  if (result.kind === "client-gone") return { kind: "client-gone" as const };
  attempt.error = result.reason;
  return { kind: "broken" as const, status, reason: result.reason };
}
