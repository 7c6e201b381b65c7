import { crc32End, crc32Start, crc32Update } from "./crc32.ts";
import type { Peer, PeerGroup } from "./peer.ts";
import { isCandidate, type PickContext, type PickState, type PolicyDefinition } from "./policy.ts";
import { pickRoundRobin, pickSmooth } from "./round-robin.ts";

const maxTries = 20;
const pointsPerWeight = 160;

interface Ring {
  readonly hashes: Uint32Array;
  readonly servers: readonly string[];
}

/** A ring is made once per group: a changed pool makes a new group. */
const rings = new WeakMap<PeerGroup, Ring>();

export const policy = {
  name: "consistent_hash",
  pick: pickConsistentHash,
  parse: ([name, key, ...more]) =>
    name === "hash" && key !== undefined && more.join(" ") === "consistent" ? { key } : undefined,
} as const satisfies PolicyDefinition;

/**
 * `hash KEY consistent`: ketama, 160 points for each unit of weight, each `crc32(HOST \0 PORT PREVIOUS)`; the first point at or after the
 * key's crc32. A server that is out passes its keys to the next point; servers of one name share them by smooth round robin.
 * Source: nginx `ngx_http_upstream_get_chash_peer`, Cache::Memcached::Fast.
 */
function pickConsistentHash(state: PickState, context: PickContext): Peer | undefined {
  const { group, key } = state;
  if (state.hashTries > maxTries || group.peers.length < 2 || key.length === 0) return pickRoundRobin(state, context);
  const ring = ringOf(group);
  let at = state.hash ?? firstPoint(ring.hashes, crc32End(crc32Update(crc32Start, key)));
  while (true) {
    const server = ring.servers[at % ring.servers.length];
    const named = group.peers.filter((peer) => peer.server === server && isCandidate(peer, state, context.nowMs));
    const found = pickSmooth(named, state, context.nowMs);
    state.hash = at;
    if (found !== undefined) return found;
    at += 1;
    state.hashTries += 1;
    if (state.hashTries > maxTries) return pickRoundRobin(state, context);
  }
}

function ringOf(group: PeerGroup): Ring {
  const known = rings.get(group);
  if (known !== undefined) return known;
  const made = makeRing(group.peers);
  rings.set(group, made);
  return made;
}

function makeRing(peers: readonly Peer[]): Ring {
  const points = peers.flatMap((peer) => pointsOf(peer));
  // A stable sort, and the first of equal points stays, so that the order in the configuration decides.
  const sorted = points
    .toSorted((left, right) => left.hash - right.hash)
    .filter((point, index, all) => index === 0 || all[index - 1]?.hash !== point.hash);
  return { hashes: Uint32Array.from(sorted, (point) => point.hash), servers: sorted.map((point) => point.server) };
}

function pointsOf(peer: Peer): { hash: number; server: string }[] {
  const { host, port } = hostAndPort(peer.server);
  const encoder = new TextEncoder();
  const base = crc32Update(
    crc32Update(crc32Update(crc32Start, encoder.encode(host)), new Uint8Array(1)),
    encoder.encode(port),
  );
  const previous = new Uint8Array(4);
  const view = new DataView(previous.buffer);
  return Array.from({ length: peer.weight * pointsPerWeight }, () => {
    const hash = crc32End(crc32Update(base, previous));
    view.setUint32(0, hash, true);
    return { hash, server: peer.server };
  });
}

function hostAndPort(server: string): { host: string; port: string } {
  if (/^unix:/i.test(server)) return { host: server.slice(5), port: "" };
  const match = /^(.*):(\d*)$/s.exec(server);
  return { host: match?.[1] ?? server, port: match?.[2] ?? "" };
}

/** The index of the first point not below `hash`; past the last one it wraps by the modulo at its use. */
function firstPoint(hashes: Uint32Array, hash: number): number {
  let low = 0;
  let high = hashes.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((hashes[middle] ?? 0) < hash) low = middle + 1;
    else high = middle;
  }
  return low;
}
