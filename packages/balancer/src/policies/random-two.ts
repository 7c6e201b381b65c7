import { peerAtWeight } from "./ip-hash.ts";
import { markChecked, type Peer } from "./peer.ts";
import { isCandidate, type PickContext, type PickState } from "./policy.ts";
import { pickRoundRobin } from "./round-robin.ts";

const maxLooks = 20;

/**
 * Two peers at random, by weight; the one with fewer leases for its weight. After 20 looks that found no pair, round robin.
 * Source: nginx `ngx_http_upstream_get_random2_peer` (`random two least_conn`).
 */
export function pickRandomTwo(state: PickState, context: PickContext): Peer | undefined {
  if (state.hashTries > maxLooks || state.group.peers.length < 2) return pickRoundRobin(state, context);
  let first: Peer | undefined;
  while (true) {
    const peer = drawPeer(state, context);
    if (peer !== undefined && peer !== first && isCandidate(peer, state, context.nowMs)) {
      if (first !== undefined) return chosen(lessLoaded(first, peer), context);
      first = peer;
    }
    state.hashTries += 1;
    if (state.hashTries > maxLooks) return pickRoundRobin(state, context);
  }
}

/** One peer at random, by weight. Source: nginx `ngx_http_upstream_get_random_peer`. */
export function pickRandom(state: PickState, context: PickContext): Peer | undefined {
  if (state.hashTries > maxLooks || state.group.peers.length < 2) return pickRoundRobin(state, context);
  while (true) {
    const peer = drawPeer(state, context);
    if (peer !== undefined && isCandidate(peer, state, context.nowMs)) return chosen(peer, context);
    state.hashTries += 1;
    if (state.hashTries > maxLooks) return pickRoundRobin(state, context);
  }
}

function drawPeer(state: PickState, context: PickContext): Peer | undefined {
  return peerAtWeight(state.group.peers, Math.floor(context.random() * state.group.totalWeight));
}

function lessLoaded(first: Peer, second: Peer): Peer {
  return second.conns * first.weight > first.conns * second.weight ? first : second;
}

function chosen(peer: Peer, context: PickContext): Peer {
  markChecked(peer, context.nowMs);
  return peer;
}
