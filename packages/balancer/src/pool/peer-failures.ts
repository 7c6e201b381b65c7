import { isFailing } from "../policies/availability.ts";
import { type Peer, wholeSeconds } from "../policies/peer.ts";
import type { PickState } from "../policies/policy.ts";
import { isFailure, type LeaseOutcome } from "./lease.ts";

/**
 * Counts how an attempt of a request ended.
 * @returns true when it takes the peer out
 */
export function recordOutcome(peer: Peer, outcome: LeaseOutcome, state: PickState, nowMs: number): boolean {
  if (outcome === "unused") return false;
  if (state.group.single) {
    peer.fails = 0;
    state.triesLeft = 0;
    return false;
  }
  if (state.triesLeft > 0) state.triesLeft -= 1;
  if (isFailure(outcome)) return recordFailure(peer, nowMs);
  recordSuccess(peer, nowMs);
  return false;
}

/**
 * Counts a failed attempt: the time, one more failure, and less weight for a while.
 * Source: nginx `ngx_http_upstream_free_round_robin_peer` with NGX_PEER_FAILED.
 * @returns true when this failure takes the peer out.
 */
function recordFailure(peer: Peer, nowMs: number): boolean {
  const now = wholeSeconds(nowMs);
  const wasFailing = isFailing(peer, nowMs);
  peer.fails += 1;
  peer.accessedAt = now;
  peer.checkedAt = now;
  if (peer.maxFails === 0) return false;
  const lowered = peer.effectiveWeight - Math.floor(peer.weight / peer.maxFails);
  peer.effectiveWeight = Math.max(0, lowered);
  return !wasFailing && peer.fails >= peer.maxFails;
}

/**
 * Counts an attempt that did not fail: failures are forgotten once a probe went through after the last of them.
 * Source: nginx `ngx_http_upstream_free_round_robin_peer` ("mark peer live if check passed").
 */
function recordSuccess(peer: Peer, nowMs: number): void {
  if (peer.accessedAt >= peer.checkedAt) return;
  if (peer.maxFails > 0 && peer.fails >= peer.maxFails) peer.recoveredAtMs = nowMs;
  peer.fails = 0;
}

/** Forgets every failure: a restarted worker is a new one. */
export function forgetFailures(peer: Peer, nowMs: number): void {
  peer.fails = 0;
  peer.accessedAt = 0;
  peer.checkedAt = 0;
  peer.effectiveWeight = peer.weight;
  peer.recoveredAtMs = nowMs;
  peer.generation += 1;
}
