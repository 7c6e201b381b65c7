import type { Peer, PeerGroup } from "../policies/peer.ts";
import type { Policy, PickState } from "../policies/policy.ts";

/** A peer that nobody has used yet. */
export function peerOf(id: string, facts: Partial<Peer> = {}): Peer {
  return {
    id,
    server: `${id}:80`,
    weight: 1,
    maxConns: 0,
    maxFails: 1,
    failTimeoutSeconds: 10,
    slowStartMs: 0,
    down: false,
    ready: true,
    draining: false,
    aloneFor: undefined,
    conns: 0,
    fails: 0,
    accessedAt: 0,
    checkedAt: 0,
    effectiveWeight: facts.weight ?? 1,
    currentWeight: 0,
    recoveredAtMs: undefined,
    generation: 0,
    ...facts,
  };
}

/** What a request that was given to nobody yet carries, before these peers. */
export function pickAmong(peers: readonly Peer[], facts: Partial<PickState> = {}): PickState {
  const group: PeerGroup = {
    peers,
    single: peers.length === 1,
    totalWeight: peers.reduce((sum, { weight }) => sum + weight, 0),
    next: undefined,
  };
  const unused = {
    givenAtMs: 0,
    standingBy: new Set<string>(),
    isExplained: false,
    hash: undefined,
    rehash: 0,
    hashTries: 0,
  };
  return {
    group,
    tried: new Map(),
    triesLeft: peers.length,
    key: new Uint8Array(0),
    clientAddress: "",
    affinity: undefined,
    cost: undefined,
    crashRecord: undefined,
    sender: undefined,
    deaths: 0,
    ...unused,
    ...facts,
  };
}

/** Ids of the peers that a policy chooses, one for each new request. */
export function choices(policy: Policy, peers: readonly Peer[], count: number, facts: Partial<PickState> = {}) {
  return Array.from(
    { length: count },
    () => policy(pickAmong(peers, facts), { nowMs: 100_000, random: () => 0.6 })?.id,
  );
}
