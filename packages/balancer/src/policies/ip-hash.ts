import { addressBytes } from "./address-bytes.ts";
import { peerAtWeight } from "./peer-at-weight.ts";
import { markChecked, type Peer } from "./peer.ts";
import { isCandidate, type PickContext, type PickState, type PolicyDefinition } from "./policy.ts";
import { pickRoundRobin } from "./round-robin.ts";

const maxTries = 20;
const firstHash = 89;

export const policy = {
  name: "ip_hash",
  pick: pickIpHash,
  parse: (directive) => (directive.join(" ") === "ip_hash" ? {} : undefined),
} as const satisfies PolicyDefinition;

/**
 * The same client address to the same peer: `hash = (hash * 113 + byte) % 6271` over the first three bytes of an IPv4 address or all
 * sixteen of an IPv6 one, hashed on when that peer is out; after 20 of those, round robin.
 * Source: nginx `ngx_http_upstream_get_ip_hash_peer`.
 */
function pickIpHash(state: PickState, context: PickContext): Peer | undefined {
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
