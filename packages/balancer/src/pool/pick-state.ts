import { isFull, isInService } from "../policies/availability.ts";
import type { Peer, PeerGroup } from "../policies/peer.ts";
import { isTried, type PickState } from "../policies/policy.ts";
import type { Upstream } from "./upstream.ts";

/** What a policy may want to know of a request. */
export interface PickRequest {
  /** The value of `hash KEY`. */
  readonly key?: Uint8Array;
  /** The client's address, for `ip_hash`. */
  readonly clientAddress?: string;
  readonly affinity?: ((upstream: Upstream) => number) | undefined;
  readonly cost?: ((upstream: Upstream) => number) | undefined;
  /** See {@link PickState.sender}. */
  readonly sender?: string;
  readonly crashRecord?: PickState["crashRecord"];
  /** Its leases say why they are on their upstreams. @default false */
  readonly isExplained?: boolean;
}

/**
 * Of workers that can take a request, now or once one of their slots comes free, those that stand by: the others compute
 * faster without them.
 */
export type StandBy = (able: readonly string[]) => ReadonlySet<string>;

/** Workers that stand by: none. */
export const NOBODY: ReadonlySet<string> = new Set();
const NO_BYTES = new Uint8Array(0);

/** A request's memory over its attempts; `tries` caps them, 0 is as many as there are servers. */
export function startPick(group: PeerGroup, request: PickRequest, tries: number): PickState {
  const possible = countTries(group);
  return {
    group,
    tried: new Map(),
    triesLeft: tries > 0 ? Math.min(tries, possible) : possible,
    key: request.key ?? NO_BYTES,
    clientAddress: request.clientAddress ?? "",
    affinity: onUpstreams(request.affinity),
    cost: onUpstreams(request.cost),
    crashRecord: request.crashRecord,
    sender: request.sender,
    deaths: 0,
    givenAtMs: Number.NEGATIVE_INFINITY,
    standingBy: NOBODY,
    isExplained: request.isExplained ?? false,
    hash: undefined,
    rehash: 0,
    hashTries: 0,
  };
}

function onUpstreams(score: ((upstream: Upstream) => number) | undefined): ((peer: Peer) => number) | undefined {
  if (score === undefined) return undefined;
  return (peer) => score(peer as Upstream);
}

/** The primary servers, with the backup servers behind them. */
export function groupOf(upstreams: readonly Upstream[]): PeerGroup {
  const backups = upstreams.filter((upstream) => upstream.backup);
  const primaries = upstreams.filter((upstream) => !upstream.backup);
  const next = backups.length === 0 ? undefined : makeGroup(backups, false, undefined);
  return makeGroup(primaries, primaries.length === 1 && next === undefined, next);
}

function makeGroup(peers: readonly Peer[], single: boolean, next: PeerGroup | undefined): PeerGroup {
  return { peers, single, totalWeight: peers.reduce((sum, peer) => sum + peer.weight, 0), next };
}

/** Servers that are not marked down, backups counted (nginx `ngx_http_upstream_tries`). */
function countTries(group: PeerGroup): number {
  const own = group.peers.filter((peer) => !peer.down).length;
  return group.next === undefined ? own : own + countTries(group.next);
}

/** Why no lease was given: `busy` (one may come free), `waiting` (one may become ready), `none` (nginx's "no live upstreams"). */
export type Vacancy = "busy" | "waiting" | "none";

/**
 * @param suspects upstreams that may be about to die, or have just died
 * @param isTaken whether one has no room for the request now
 */
export function vacancyOf(
  upstreams: Iterable<Upstream>,
  state: PickState,
  suspects: { has(upstream: Upstream): boolean },
  isTaken: (upstream: Upstream) => boolean = isFull,
): Vacancy {
  let waiting = false;
  for (const upstream of upstreams) {
    if (upstream.down) continue;
    if (!isInService(upstream)) waiting ||= upstream.owned && !upstream.hopeless;
    else if (isTried(upstream, state)) waiting ||= suspects.has(upstream);
    // A free worker may be had, too: those who wait may wait for another one, and only the queue asks for this one then.
    else if (upstream.owned || isTaken(upstream) || state.deaths > 0) return "busy";
  }
  return waiting ? "waiting" : "none";
}
