import type { Clock } from "@drover/foundation/clock";
import { isInService } from "../policies/availability.ts";
import { isTried } from "../policies/policy.ts";
import type { Lease, LeaseOutcome } from "../pool/lease.ts";
import type { ConnectionPool } from "../upstream-http/connection-pool.ts";
import { exchange } from "../upstream-http/exchange.ts";
import type { AttemptFailure, ExchangeResult, UnfinishedResponse } from "../upstream-http/exchange-task.ts";
import type { Attempt, ForwardOutcome, ForwardTask } from "./forward-task.ts";
import { announceResume, endUnresumed } from "./resume-stream.ts";
import { mayRetry, type RetryRule, statusOf } from "./retry-rule.ts";

/**
 * Sends a request to an upstream and relays the response, going on to other upstreams as the retry rule says. Every lease is released.
 * Never throws for what an upstream or the client does: that is in the outcome.
 */
export function forwardRequest(task: ForwardTask, connections: ConnectionPool, clock: Clock): Promise<ForwardOutcome> {
  return new Forwarding(task, connections, clock).run();
}

/** A request that costs each worker its connection, without a known crash, must not reach them all. Those that it did not reach do not count. */
const mostOwnedAttempts = 4;
/** Crashes that a request may be in; the second time it was alone with the worker. */
const mostDeaths = 2;
const CRASHED = `${mostDeaths} workers crashed while they worked on this request, the last one on nothing else`;

class Forwarding {
  readonly #task: ForwardTask;
  readonly #connections: ConnectionPool;
  readonly #clock: Clock;
  readonly #startedAtMs: number;
  /** Why the last attempt came to nothing. */
  #reason: string | undefined;
  /** A stream whose worker died, and that waits for another one to resume it. */
  #unfinished: UnfinishedResponse | undefined;

  constructor(task: ForwardTask, connections: ConnectionPool, clock: Clock) {
    this.#task = task;
    this.#connections = connections;
    this.#clock = clock;
    this.#startedAtMs = clock.monotonicMs();
  }

  async run(): Promise<ForwardOutcome> {
    const task = this.#task;
    while (true) {
      const acquired = task.acquire(task.pick);
      const lease = acquired instanceof Promise ? await acquired : acquired;
      if (task.client.response.destroyed && task.ignoreClientAbort !== true) {
        lease?.release("unused");
        return { kind: "client-gone" };
      }
      if (task.isCondemned?.() === true) {
        lease?.release("unused");
        return this.#condemn("one like it has crashed workers");
      }
      if (lease === undefined) return this.#noneLeft();
      task.onLease?.(lease);
      if (this.#unfinished !== undefined) announceResume(this.#unfinished, task, lease, this.#reason);
      const attempt = newAttempt(lease, this.#clock);
      task.attempts.push(attempt);
      const result = await this.#attempt(lease, attempt);
      if (lease.verdict !== undefined) await lease.verdict;
      const end = this.#endOf(result, lease, attempt);
      if (end !== undefined) return end;
    }
  }

  async #attempt(lease: Lease, attempt: Attempt): Promise<ExchangeResult> {
    const { upstream } = lease;
    const task = this.#task;
    const taken = this.#connections.take(upstream);
    const connection = taken instanceof Promise ? await taken : taken;
    const wasKept = connection.requests > 0;
    // A server that a user's command starts may serve one connection at a time: while one is kept, others would wait for its end.
    const keepAlive = this.#connections.keepalive.connections > 0 && (upstream.reports || !upstream.owned);
    let outcome: LeaseOutcome = "ok";
    try {
      const result = await exchange({
        task,
        connection,
        figures: attempt,
        listener: {
          isRetried: (status) => this.#isRetried(status, lease),
          onHead: (head) => task.onHead(head, attempt),
          onInterim: (head) => task.onInterim?.(head, attempt),
          errorEvent: (reason) => task.errorEvent?.(reason),
        },
        clock: this.#clock,
        // A worker of Drover's own is judged by its heartbeat: a long prefill is silence, and healthy, and so is a queue of connections that is full.
        timeouts: upstream.owned ? { ...task.timeouts, connectMs: 0, sendMs: 0, readMs: 0 } : task.timeouts,
        keepAlive,
        unfinished: this.#unfinished,
      });
      if (result.kind === "relayed" && result.reusable && keepAlive)
        this.#connections.give(connection, result.keepsForMs);
      else connection.destroy();
      if (result.kind === "failed" || result.kind === "broken") upstream.lastFailure = result.reason;
      outcome = outcomeOf(result, upstream.owned);
      if (result.kind === "failed" && result.failure === "error" && wasKept) {
        // A kept connection ends when the upstream likes; of a worker of our own it may still be the first sign of its death.
        const isCounted = upstream.owned || attempt.bytesReceived > 0;
        if (!isCounted) outcome = "unused";
        lease.release(outcome);
        if (isCounted) task.pick.triesLeft += 1;
        // Once more, on another connection (nginx `peer.cached`).
        task.pick.tried.delete(upstream);
      }
      return result;
    } finally {
      lease.release(outcome);
    }
  }

  /** Undefined where another upstream is to be tried. */
  #endOf(result: ExchangeResult, lease: Lease, attempt: Attempt): ForwardOutcome | undefined {
    const task = this.#task;
    const status = attempt.status ?? 0;
    if (result.kind === "relayed") return { kind: "responded", status };
    if (result.kind === "intercepted" || result.kind === "client-gone") return result;
    attempt.error = result.reason;
    this.#reason = result.reason;
    if (result.kind === "broken") {
      if (result.unfinished === undefined) return { kind: "broken", status, reason: result.reason };
      this.#unfinished = result.unfinished;
    } else attempt.status ??= statusOf(result.failure);
    if (task.pick.deaths >= mostDeaths) return this.#condemn(CRASHED);
    if (this.#goesOn(result, lease)) return undefined;
    if (this.#unfinished !== undefined) return endUnresumed(this.#unfinished, task, this.#reason);
    return { kind: "failed", status: attempt.status ?? 502, reason: result.reason };
  }

  #condemn(why: string): ForwardOutcome {
    const reason = `${why}; it is not tried again`;
    this.#reason = reason;
    if (this.#unfinished !== undefined) endUnresumed(this.#unfinished, this.#task, reason);
    return { kind: "condemned", reason };
  }

  /** nginx's "no live upstreams" is a 502, whatever failed before. */
  #noneLeft(): ForwardOutcome {
    if (this.#unfinished !== undefined) return endUnresumed(this.#unfinished, this.#task, this.#reason);
    return { kind: "failed", status: 502, reason: this.#reason ?? "no live upstreams" };
  }

  /** nginx looks at a status only while another try is left after this one (`ngx_http_upstream_test_next`). */
  #isRetried(status: number, lease: Lease): boolean {
    if (!isFailureStatus(status)) return false;
    // The last worker's own message is better than ours about it.
    if (lease.upstream.owned && !this.#hasUntried()) return false;
    return mayRetry(this.#ruleFor(lease), status, this.#retryState(lease, true, this.#task.pick.triesLeft - 1));
  }

  #goesOn(result: Extract<ExchangeResult, { reason: string }>, lease: Lease): boolean {
    const isBroken = result.kind === "broken";
    const state = this.#retryState(lease, isBroken || result.requestSent, this.#task.pick.triesLeft);
    return mayRetry(this.#ruleFor(lease), isBroken ? "error" : result.failure, state);
  }

  #ruleFor(lease: Lease): RetryRule {
    return lease.upstream.owned ? (this.#task.ownedRetry ?? this.#task.retry) : this.#task.retry;
  }

  #hasUntried(): boolean {
    const { group, tried } = this.#task.pick;
    return group.peers.some((peer) => isInService(peer) && !isTried(peer, { tried }));
  }

  #retryState(lease: Lease, requestSent: boolean, triesLeft: number) {
    const { owned } = lease.upstream;
    const { outgoing, attempts } = this.#task;
    return {
      method: outgoing.method,
      requestSent,
      replayable: outgoing.body.kind !== "stream",
      triesLeft: owned ? mostOwnedAttempts - attempts.filter(hasConnected).length : triesLeft,
      elapsedMs: this.#clock.monotonicMs() - this.#startedAtMs,
      owned,
    };
  }
}

function outcomeOf(result: ExchangeResult, owned: boolean): LeaseOutcome {
  // nginx counts no failure once the response has begun; of a worker of our own it is the first sign of its death.
  if (result.kind === "broken") return owned ? "lost" : "ok";
  if (result.kind === "client-gone" && owned) return "abandoned";
  if (result.kind !== "failed") return "ok";
  if (result.failure === 403 || result.failure === 404) return "next";
  if (result.failure !== "error") return "failed";
  return result.requestSent ? "lost" : "refused";
}

function hasConnected({ connectMs }: Attempt): boolean {
  return connectMs !== undefined;
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
