import { isAvailable, isInService, isReserved } from "./availability.ts";
import type { Peer, PeerGroup } from "./peer.ts";

/**
 * What one request carries from pick to pick, over all its attempts. A policy may keep its own state in `hash`,
 * `rehash` and `hashTries`.
 */
export interface PickState {
  /** The group being tried: the primary one at first, then its backup. */
  group: PeerGroup;
  /** Peers this request was already given, with the generation they had. */
  readonly tried: Map<Peer, number>;
  /** Attempts left (nginx `pc->tries`). */
  triesLeft: number;
  /** `hash KEY`'s value, as bytes. */
  readonly key: Uint8Array;
  /** The client's address, for `ip_hash`. */
  readonly clientAddress: string;
  /** How many tokens (any unit) of this request a peer already holds; only for upstreams that Drover owns. */
  readonly affinity: ((peer: Peer) => number) | undefined;
  /** Estimated cost in seconds on a peer, for `prefix`. */
  readonly cost: ((peer: Peer) => number) | undefined;
  /** `likeness`: the same for requests of one sender that differ in next to nothing. Only for requests to workers of Drover's own. */
  readonly crashRecord: { readonly likeness: string } | undefined;
  /** Whose it is: a key's label, or an address without keys; undefined where nobody asks. */
  readonly sender: string | undefined;
  /** Workers that crashed while they had this request; above 0 it is given a worker alone. */
  deaths: number;
  /** When it was last given a worker of Drover's own. */
  givenAtMs: number;
  /** Workers that are left alone: others can take the request, soon or now. */
  standingBy: ReadonlySet<string>;
  /** Whether it is to be told why which peer was chosen. */
  readonly isExplained: boolean;
  hash: number | undefined;
  rehash: number;
  hashTries: number;
}

/** What a policy may know beside the state. */
export interface PickContext {
  readonly nowMs: number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
}

/**
 * Chooses a peer; does not hold it (the pool does, in the same synchronous call).
 * Never returns a peer that was tried, that stands by, or that `isAvailable` excludes.
 */
export type Policy = (state: PickState, context: PickContext) => Peer | undefined;

/**
 * A policy as its file defines it. `registry.ts` and the values of the setting `balancer.policy` are generated from these files (`pnpm docs:generate`).
 */
export interface PolicyDefinition {
  /** As `balancer.policy` names it. */
  readonly name: string;
  readonly pick: Policy;
  /**
   * Reads nginx's directive for it, split at blanks: `["hash", "$remote_addr", "consistent"]`. Undefined where the directive means another policy.
   * @default nginx has no directive for it
   */
  readonly parse?: (directive: readonly string[]) => { readonly key?: string } | undefined;
}

/** Not yet given to this request, and free to take it. */
export function isCandidate(peer: Peer, state: PickState, nowMs: number): boolean {
  return !isTried(peer, state) && !state.standingBy.has(peer.id) && isAvailable(peer, nowMs);
}

/** It was given the request before, and has not been restarted since. */
export function isTried(peer: Peer, state: Pick<PickState, "tried">): boolean {
  return state.tried.get(peer) === peer.generation;
}

/** It may have the request beside those that it has, however many those are. */
export function mayJoin(peer: Peer, state: PickState): boolean {
  return isInService(peer) && !isReserved(peer) && !isTried(peer, state);
}

/** Continues with the backup servers, forgetting who was tried (nginx clears its bitmap there). False when there are none. */
export function moveToBackup(state: PickState): boolean {
  if (state.group.next === undefined) return false;
  state.group = state.group.next;
  state.tried.clear();
  return true;
}
