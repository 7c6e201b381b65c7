import { addressBytes } from "./address-bytes.ts";
import { markChecked, type Peer } from "./peer.ts";
import { isCandidate, type PickContext, type PickState } from "./policy.ts";
import { pickRoundRobin } from "./round-robin.ts";

const maxTries = 20;
const firstHash = 89;

/**
 * The same client address to the same peer: `hash = (hash * 113 + byte) % 6271` over the first three bytes of an IPv4 address or all
 * sixteen of an IPv6 one, hashed on when that peer is out; after 20 of those, round robin.
 * Source: nginx `ngx_http_upstream_get_ip_hash_peer`.
 */
export function pickIpHash(state: PickState, context: PickContext): Peer | undefined {
  if (state.hashTries > maxTries || state.group.peers.length < 2) return pickRoundRobin(state, context);
  const bytes = addressBytes(state.clientAddress);
  let hash = state.hash ?? firstHash;
  while (true) {
    for (const byte of bytes) hash = (hash * 113 + byte) % 6271;
    const peer = peerAtWeight(state.group.peers, hash % state.group.totalWeight);
    if (peer !== undefined && isCandidate(peer, state, context.nowMs)) {
      markChecked(peer, context.nowMs);
      state.hash = hash;
      return peer;
    }
    state.hashTries += 1;
    if (state.hashTries > maxTries) return pickRoundRobin(state, context);
  }
}

/** The peer whose stretch of the summed weights holds `at`. */
export function peerAtWeight(peers: readonly Peer[], at: number): Peer | undefined {
  let left = at;
  for (const peer of peers) {
    if (left < peer.weight) return peer;
    left -= peer.weight;
  }
  return undefined;
}
