import type { Peer } from "./peer.ts";

/** The peer whose stretch of the summed weights contains `at`. */
export function peerAtWeight(peers: readonly Peer[], at: number): Peer | undefined {
  let left = at;
  for (const peer of peers) {
    if (left < peer.weight) return peer;
    left -= peer.weight;
  }
  return undefined;
}
