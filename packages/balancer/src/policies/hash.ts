import { crc32End, crc32Start, crc32Update } from "./crc32.ts";
import { peerAtWeight } from "./peer-at-weight.ts";
import { markChecked, type Peer } from "./peer.ts";
import { isCandidate, type PickContext, type PickState, type PolicyDefinition } from "./policy.ts";
import { pickRoundRobin } from "./round-robin.ts";

const maxTries = 20;

export const policy = {
  name: "hash",
  pick: pickHash,
  parse: ([name, key, ...more]) => (name === "hash" && key !== undefined && more.length === 0 ? { key } : undefined),
} as const satisfies PolicyDefinition;

/**
 * `hash KEY`: `hash += (crc32([REHASH] KEY) >> 16) & 0x7fff`, REHASH left out at first, taken modulo the summed weights; as
 * Cache::Memcached places keys. An empty key is round robin, as are more than 20 tries.
 * Source: nginx `ngx_http_upstream_get_hash_peer`.
 */
function pickHash(state: PickState, context: PickContext): Peer | undefined {
  if (state.hashTries > maxTries || state.group.peers.length < 2 || state.key.length === 0) {
    return pickRoundRobin(state, context);
  }
  while (true) {
    state.hash = ((state.hash ?? 0) + hashOfKey(state.key, state.rehash)) >>> 0;
    state.rehash += 1;
    const peer = peerAtWeight(state.group.peers, state.hash % state.group.totalWeight);
    if (peer !== undefined && isCandidate(peer, state, context.nowMs)) {
      markChecked(peer, context.nowMs);
      return peer;
    }
    state.hashTries += 1;
    if (state.hashTries > maxTries) return pickRoundRobin(state, context);
  }
}

function hashOfKey(key: Uint8Array, rehash: number): number {
  let crc = crc32Start;
  if (rehash > 0) crc = crc32Update(crc, asciiBytes(String(rehash)));
  return (crc32End(crc32Update(crc, key)) >>> 16) & 0x7fff;
}

function asciiBytes(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}
