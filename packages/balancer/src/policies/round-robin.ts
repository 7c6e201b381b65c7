import { hasRoom } from "./availability.ts";
import { markChecked, type Peer, weightOf } from "./peer.ts";
import { isCandidate, moveToBackup, type PickContext, type PickState, type PolicyDefinition } from "./policy.ts";

export const policy = {
  name: "round_robin",
  pick: pickRoundRobin,
  parse: (directive) => (directive.length === 0 ? {} : undefined),
} as const satisfies PolicyDefinition;

/**
 * Smooth weighted round robin: every candidate gains its effective weight, the highest running total wins and pays back the sum.
 * An effective weight that failures lowered grows by one with each look. With no candidate, the backup servers.
 * Source: nginx `ngx_http_upstream_get_round_robin_peer`.
 */
export function pickRoundRobin(state: PickState, context: PickContext): Peer | undefined {
  const { group } = state;
  const found = group.single ? pickOnlyPeer(group.peers[0], state) : pickSmooth(group.peers, state, context.nowMs);
  if (found !== undefined) return found;
  return moveToBackup(state) ? pickRoundRobin(state, context) : undefined;
}

/** The smooth rule over `peers` alone; the winner is marked as checked. */
export function pickSmooth(peers: readonly Peer[], state: PickState, nowMs: number): Peer | undefined {
  let best: Peer | undefined;
  let total = 0;
  for (const peer of peers) {
    if (!isCandidate(peer, state, nowMs)) continue;
    total += gainWeight(peer, nowMs);
    if (best === undefined || peer.currentWeight > best.currentWeight) best = peer;
  }
  if (best === undefined) return undefined;
  best.currentWeight -= total;
  markChecked(best, nowMs);
  return best;
}

/** Adds the effective weight to the running total and returns it; failures' deduction is paid back by one. */
export function gainWeight(peer: Peer, nowMs: number): number {
  const gained = peer.slowStartMs === 0 ? peer.effectiveWeight : Math.min(peer.effectiveWeight, weightOf(peer, nowMs));
  peer.currentWeight += gained;
  if (peer.effectiveWeight < peer.weight) peer.effectiveWeight += 1;
  return gained;
}

/** A lone server is used whatever its failures. */
function pickOnlyPeer(peer: Peer | undefined, state: PickState): Peer | undefined {
  if (peer === undefined || !hasRoom(peer)) return undefined;
  return state.tried.get(peer) === peer.generation ? undefined : peer;
}
