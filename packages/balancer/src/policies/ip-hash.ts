import { addressBytes } from "./address-bytes.ts";
import type { Peer } from "./peer.ts";
import { peerAtWeight, pickDrawn } from "./pick-drawn.ts";
import type { PickContext, PickState, PolicyDefinition } from "./policy.ts";

const firstHash = 89;

export const policy = {
  name: "ip_hash",
  pick: pickIpHash,
  parse: (directive) => (directive.join(" ") === "ip_hash" ? {} : undefined),
} as const satisfies PolicyDefinition;

/**
 * The same client address to the same peer: `hash = (hash * 113 + byte) % 6271` over the first three bytes of an IPv4 address or all
 * sixteen of an IPv6 one, hashed on when that peer is out.
 * Source: nginx `ngx_http_upstream_get_ip_hash_peer`.
 */
function pickIpHash(state: PickState, context: PickContext): Peer | undefined {
  const bytes = addressBytes(state.clientAddress);
  return pickDrawn(state, context, () => {
    let hash = state.hash ?? firstHash;
    for (const byte of bytes) hash = (hash * 113 + byte) % 6271;
    state.hash = hash;
    return peerAtWeight(state.group.peers, hash % state.group.totalWeight);
  });
}
