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

/** What is hashed: three bytes of an IPv4 address, sixteen of an IPv6 one, three zeros of anything else (as nginx). */
function addressBytes(address: string): Uint8Array {
  const v4 = /^(?:::ffff:)?(\d+)\.(\d+)\.(\d+)\.\d+$/i.exec(address);
  if (v4 !== null) return Uint8Array.from(v4.slice(1, 4), Number);
  return address.includes(":") ? ipv6Bytes(address) : new Uint8Array(3);
}

function ipv6Bytes(address: string): Uint8Array {
  const [head = "", tail] = address.replace(/%.*$/, "").split("::");
  const left = hexGroups(head);
  const right = hexGroups(tail ?? "");
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => 0);
  return Uint8Array.from([...left, ...zeros, ...right].flatMap((group) => [(group >> 8) & 0xff, group & 0xff]));
}

function hexGroups(text: string): number[] {
  return text === "" ? [] : text.split(":").map((part) => Number.parseInt(part, 16));
}
