import { crc32End, crc32Start, crc32Update } from "./crc32.ts";
import type { Peer } from "./peer.ts";
import { peerAtWeight, pickDrawn } from "./pick-drawn.ts";
import type { PickContext, PickState, PolicyDefinition } from "./policy.ts";
import { pickRoundRobin } from "./round-robin.ts";

export const policy = {
  name: "hash",
  pick: pickHash,
  parse: ([name, key, ...more]) => (name === "hash" && key !== undefined && more.length === 0 ? { key } : undefined),
} as const satisfies PolicyDefinition;

/**
 * `hash KEY`: `hash += (crc32([REHASH] KEY) >> 16) & 0x7fff`, REHASH left out at first, taken modulo the summed weights; as
 * Cache::Memcached places keys. An empty key is round robin.
 * Source: nginx `ngx_http_upstream_get_hash_peer`.
 */
function pickHash(state: PickState, context: PickContext): Peer | undefined {
  if (state.key.length === 0) return pickRoundRobin(state, context);
  return pickDrawn(state, context, () => {
    state.hash = ((state.hash ?? 0) + hashOfKey(state.key, state.rehash)) >>> 0;
    state.rehash += 1;
    return peerAtWeight(state.group.peers, state.hash % state.group.totalWeight);
  });
}

function hashOfKey(key: Uint8Array, rehash: number): number {
  let crc = crc32Start;
  if (rehash > 0) crc = crc32Update(crc, asciiBytes(String(rehash)));
  return (crc32End(crc32Update(crc, key)) >>> 16) & 0x7fff;
}

function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
