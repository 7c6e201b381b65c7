import { markChecked, type Peer } from "./peer.ts";
import { isCandidate, type PickContext, type PickState } from "./policy.ts";
import { pickRoundRobin } from "./round-robin.ts";

/** Peers that are looked at before round robin decides. */
const maxLooks = 20;

/**
 * The first drawn peer that may take the request. After 20 that may not, or where there is no choice, round robin; so do nginx's `random`, `hash` and
 * `ip_hash`.
 */
export function pickDrawn(state: PickState, context: PickContext, draw: () => Peer | undefined): Peer | undefined {
  if (state.group.peers.length < 2) return pickRoundRobin(state, context);
  while (state.hashTries <= maxLooks) {
    const peer = draw();
    if (peer !== undefined && isCandidate(peer, state, context.nowMs)) {
      markChecked(peer, context.nowMs);
      return peer;
    }
    state.hashTries += 1;
  }
  return pickRoundRobin(state, context);
}

/** The peer whose stretch of the summed weights contains `at`. */
export function peerAtWeight(peers: readonly Peer[], at: number): Peer | undefined {
  let left = at;
  for (const peer of peers) {
    if (left < peer.weight) return peer;
    left -= peer.weight;
  }
  return undefined;
}
