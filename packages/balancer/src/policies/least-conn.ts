import { markChecked, type Peer, weightOf } from "./peer.ts";
import { isCandidate, moveToBackup, type PickContext, type PickState, type PolicyDefinition } from "./policy.ts";
import { gainWeight, pickRoundRobin } from "./round-robin.ts";

export const policy = {
  name: "least_conn",
  pick: pickLeastConn,
  parse: (directive) => (directive.join(" ") === "least_conn" ? {} : undefined),
} as const satisfies PolicyDefinition;

/**
 * The fewest leases for its weight, compared as `a.conns * b.weight < b.conns * a.weight`. Ties run smooth weighted round robin
 * over the tied peers. Among workers that Drover owns a tie goes first to those that hold the longest prefix of the request.
 * Source: nginx `ngx_http_upstream_get_least_conn_peer`; the prefix rule is Drover's.
 */
export function pickLeastConn(state: PickState, context: PickContext): Peer | undefined {
  if (state.group.single) return pickRoundRobin(state, context);
  const found = pickInGroup(state, context.nowMs);
  if (found !== undefined) return found;
  return moveToBackup(state) ? pickLeastConn(state, context) : undefined;
}

function pickInGroup(state: PickState, nowMs: number): Peer | undefined {
  const tied = narrowByAffinity(leastLoaded(state, nowMs), state);
  let [best] = tied;
  if (best === undefined) return undefined;
  let total = 0;
  if (tied.length > 1) {
    for (const peer of tied) {
      total += gainWeight(peer, nowMs);
      if (peer.currentWeight > best.currentWeight) best = peer;
    }
  }
  best.currentWeight -= total;
  markChecked(best, nowMs);
  return best;
}

/** The candidates with the lowest conns/weight, in their configured order. */
function leastLoaded(state: PickState, nowMs: number): Peer[] {
  let tied: Peer[] = [];
  for (const peer of state.group.peers) {
    if (!isCandidate(peer, state, nowMs)) continue;
    const [best] = tied;
    const difference =
      best === undefined ? -1 : peer.conns * weightOf(best, nowMs) - best.conns * weightOf(peer, nowMs);
    if (difference < 0) tied = [peer];
    else if (difference === 0) tied.push(peer);
  }
  return tied;
}

function narrowByAffinity(tied: Peer[], state: PickState): Peer[] {
  const { affinity } = state;
  if (affinity === undefined || tied.length < 2) return tied;
  const held = tied.map((peer) => affinity(peer));
  const longest = Math.max(...held);
  return longest === 0 ? tied : tied.filter((_, index) => held[index] === longest);
}
