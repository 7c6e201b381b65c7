import type { Clock } from "@drover/foundation/clock";
import { isFull, isInService } from "../policies/availability.ts";
import type { Peer, PeerGroup } from "../policies/peer.ts";
import { isCandidate, type PickState, type Policy } from "../policies/policy.ts";
import { type PolicyName, policies } from "../policies/registry.ts";
import { Lease, type LeaseOutcome } from "./lease.ts";
import { Flights } from "./flights.ts";
import { describePick } from "./pick-decision.ts";
import { forgetFailures, recordFailure, recordSuccess } from "./peer-failures.ts";
import { Suspects } from "./suspects.ts";
import { createUpstream, type Upstream, type UpstreamSpec } from "./upstream.ts";

/** Everything a pool takes; plain values, so that nginx directives and Drover's settings can both make one. */
export interface PoolOptions {
  readonly policy: PolicyName;
  readonly upstreams?: readonly UpstreamSpec[];
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly standBy?: StandBy | undefined;
}

/**
 * Of workers that can take a request, now or once a place on them comes free, those that stand by: the others compute
 * faster without them.
 */
export type StandBy = (able: readonly string[]) => ReadonlySet<string>;

/** What a policy may want to know of a request. */
export interface PickRequest {
  /** The value of `hash KEY`. */
  readonly key?: Uint8Array;
  /** The client's address, for `ip_hash`. */
  readonly clientAddress?: string;
  readonly affinity?: (upstream: Upstream) => number;
  readonly cost?: (upstream: Upstream) => number;
  /** Its leases say why they are on their upstreams. @default false */
  readonly isExplained?: boolean;
}

/** Why no place was given: `busy` (one may come free), `waiting` (one may become ready), `none` (nginx's "no live upstreams"). */
export type Vacancy = "busy" | "waiting" | "none";

export interface PoolEvents {
  /** A place came free or an upstream came ready: whoever waits may try again. */
  onVacancy?(): void;
  onReleased?(lease: Lease, outcome: LeaseOutcome): void;
  /** Removed, with all that it has counted. */
  onRemoved?(upstream: Upstream): void;
  /** Its failures have taken it out. */
  onTakenOut?(upstream: Upstream): void;
}

/** The upstreams of one group and the rule that chooses between them. Choosing and holding is one synchronous call. */
export class UpstreamPool {
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #upstreams = new Map<string, Upstream>();
  readonly #idle = new Map<string, (() => void)[]>();
  readonly #suspects: Suspects;
  readonly #flights: Flights;
  readonly #standBy: StandBy | undefined;
  #policy: Policy;
  #policyName: PolicyName;
  #group: PeerGroup;
  #events: PoolEvents = {};

  constructor(options: PoolOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#standBy = options.standBy;
    this.#policy = policies[options.policy].pick;
    this.#policyName = options.policy;
    for (const spec of options.upstreams ?? []) this.#upstreams.set(spec.id, createUpstream(spec));
    this.#group = groupOf([...this.#upstreams.values()]);
    this.#suspects = new Suspects(options.clock, () => this.#events.onVacancy?.());
    this.#flights = new Flights(options.clock);
  }

  /** Sets who is told of changes. */
  listen(events: PoolEvents): void {
    this.#events = events;
  }

  /** The upstreams in their configured order. */
  get upstreams(): readonly Upstream[] {
    return [...this.#upstreams.values()];
  }

  /** More than one worker of Drover's own: which of them holds a prompt already makes a difference. */
  get ownsSeveral(): boolean {
    let owned = 0;
    for (const upstream of this.#upstreams.values()) owned += upstream.owned ? 1 : 0;
    return owned > 1;
  }

  get(id: string): Upstream | undefined {
    return this.#upstreams.get(id);
  }

  setPolicy(policy: PolicyName): void {
    this.#policy = policies[policy].pick;
    this.#policyName = policy;
  }

  /** @throws BadUpstreamError, see `createUpstream`. One of the same id is replaced. */
  add(spec: UpstreamSpec): Upstream {
    const upstream = createUpstream(spec);
    this.#upstreams.set(spec.id, upstream);
    this.#regroup();
    if (upstream.ready) this.#events.onVacancy?.();
    return upstream;
  }

  /** Leases that are held go on; nothing new is given. */
  remove(id: string): void {
    const upstream = this.#upstreams.get(id);
    if (upstream === undefined) return;
    upstream.down = true;
    this.#upstreams.delete(id);
    this.#events.onRemoved?.(upstream);
    this.#regroup();
    this.#settleDrain(upstream);
    this.#events.onVacancy?.();
  }

  /** A worker that comes ready starts without failures, and may be tried by requests that its last life failed. */
  setReady(id: string, ready: boolean): void {
    const upstream = this.#upstreams.get(id);
    if (upstream === undefined || upstream.ready === ready) return;
    upstream.ready = ready;
    upstream.aloneFor = undefined;
    if (ready) forgetFailures(upstream, this.#clock.monotonicMs());
    this.#events.onVacancy?.();
  }

  /** Whether a worker that is not ready is worth waiting for; at first it is. */
  setExpected(id: string, isExpected: boolean): void {
    const upstream = this.#upstreams.get(id);
    if (upstream !== undefined) upstream.hopeless = !isExpected;
  }

  /** What active checks found: a server that is back starts afresh, slowly where `slowStartMs` says so. */
  setFailsChecks(id: string, failsChecks: boolean): void {
    const upstream = this.#upstreams.get(id);
    if (upstream !== undefined) this.#setDown(upstream, upstream.isMarkedDown, failsChecks);
  }

  /** What the configuration says. */
  markDown(id: string, isMarkedDown: boolean): void {
    const upstream = this.#upstreams.get(id);
    if (upstream !== undefined) this.#setDown(upstream, isMarkedDown, upstream.failsChecks);
  }

  #setDown(upstream: Upstream, isMarkedDown: boolean, failsChecks: boolean): void {
    Object.assign(upstream, { isMarkedDown, failsChecks });
    const down = isMarkedDown || failsChecks;
    if (upstream.down === down) return;
    upstream.down = down;
    if (!down) forgetFailures(upstream, this.#clock.monotonicMs());
    this.#events.onVacancy?.();
  }

  /** Gives no new lease; resolves when the last one is released. At once for an unknown id. */
  drain(id: string): Promise<void> {
    const upstream = this.#upstreams.get(id);
    if (upstream === undefined) return Promise.resolve();
    upstream.draining = true;
    if (upstream.conns === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#idle.set(id, [...(this.#idle.get(id) ?? []), resolve]);
    });
  }

  undrain(id: string): void {
    const upstream = this.#upstreams.get(id);
    if (upstream === undefined || !upstream.draining) return;
    upstream.draining = false;
    this.#events.onVacancy?.();
  }

  /** A request's memory over its attempts; `tries` caps them, 0 is as many as there are servers. */
  startPick(request: PickRequest = {}, tries = 0): PickState {
    const possible = countTries(this.#group);
    return {
      group: this.#group,
      tried: new Map(),
      triesLeft: tries > 0 ? Math.min(tries, possible) : possible,
      key: request.key ?? noBytes,
      clientAddress: request.clientAddress ?? "",
      affinity: onUpstreams(request.affinity),
      cost: onUpstreams(request.cost),
      deaths: 0,
      standingBy: nobody,
      isExplained: request.isExplained ?? false,
      hash: undefined,
      rehash: 0,
      hashTries: 0,
    };
  }

  /** Chooses and holds a place. */
  acquire(state: PickState): Lease | undefined {
    if (state.group !== this.#group && state.group !== this.#group.next) state.group = this.#group;
    state.standingBy = this.#standBy?.(this.#able(state)) ?? nobody;
    const upstream = state.deaths > 0 ? this.#chooseAlone(state) : this.#choose(state);
    if (upstream === undefined) return undefined;
    const decision = state.isExplained ? this.#describe(upstream, state) : undefined;
    if (!state.group.single || upstream.owned) state.tried.set(upstream, upstream.generation);
    const lease = this.#hold(upstream, state);
    lease.decision = decision;
    return lease;
  }

  #describe(chosen: Upstream, state: PickState) {
    const nowMs = this.#clock.monotonicMs();
    const isFree = (upstream: Upstream) => isCandidate(upstream, state, nowMs);
    return describePick(chosen, this.upstreams, state, { policy: this.#policyName, isFree });
  }

  /**
   * Holds the least busy ready worker whatever its places: for requests that need no slot of the model (`GET /v1/models`, `/tokenize`), which must not wait
   * behind those that do. Nothing where an upstream is not Drover's own: there every request counts, as in nginx.
   */
  acquireBeside(state: PickState): Lease | undefined {
    if (state.deaths > 0) return this.acquire(state);
    let best: Upstream | undefined;
    for (const upstream of this.#upstreams.values()) {
      if (!upstream.owned) return undefined;
      if (!isInService(upstream) || upstream.aloneFor !== undefined) continue;
      if (state.tried.get(upstream) === upstream.generation) continue;
      const fewer = best === undefined ? -1 : upstream.conns - best.conns || upstream.requests - best.requests;
      if (fewer < 0) best = upstream;
    }
    if (best === undefined) return undefined;
    state.tried.set(best, best.generation);
    const upstream = best;
    upstream.requests += 1;
    upstream.beside += 1;
    this.#flights.enter(upstream, state);
    return new Lease(upstream, this.#clock.monotonicMs(), (lease, outcome) => {
      upstream.beside -= 1;
      lease.verdict = this.#flights.leave(upstream, state, outcome === "lost");
      if (outcome === "failed" || outcome === "lost") upstream.failures += 1;
      if (outcome === "lost") this.#suspects.add(upstream);
      this.#events.onReleased?.(lease, "unused");
      if (upstream.aloneFor !== undefined) this.#events.onVacancy?.();
    });
  }

  /**
   * Holds a place beyond those of the least busy worker that can set requests aside for others, at most as many again as it has slots.
   */
  acquireBeyond(state: PickState): Lease | undefined {
    if (state.deaths > 0) return undefined;
    state.standingBy = this.#standBy?.(this.#able(state)) ?? nobody;
    let best: Upstream | undefined;
    for (const upstream of this.#upstreams.values()) {
      if (!upstream.owned || !upstream.sharesState || !isInService(upstream)) continue;
      if (state.tried.get(upstream) === upstream.generation || state.standingBy.has(upstream.id)) continue;
      if (upstream.aloneFor !== undefined || upstream.conns >= 2 * upstream.maxConns) continue;
      if (best === undefined || upstream.conns * best.maxConns < best.conns * upstream.maxConns) best = upstream;
    }
    if (best === undefined) return undefined;
    state.tried.set(best, best.generation);
    return this.#hold(best, state);
  }

  /** Drover's own workers that this request was not given yet, full ones too. */
  #able(state: PickState): readonly string[] {
    const able: string[] = [];
    for (const upstream of this.#upstreams.values()) {
      const isNew = state.tried.get(upstream) !== upstream.generation;
      const isTaken = upstream.aloneFor !== undefined;
      if (upstream.owned && isNew && !isTaken && isInService(upstream)) able.push(upstream.id);
    }
    return able;
  }

  /** A pick that found nothing leaves the request as it was: it may wait and pick again. */
  #choose(state: PickState): Upstream | undefined {
    const { group } = state;
    const tried = group.next === undefined ? undefined : [...state.tried];
    const peer = this.#policy(state, { nowMs: this.#clock.monotonicMs(), random: this.#random });
    if (peer !== undefined) return this.#upstreams.get(peer.id);
    state.group = group;
    for (const [known, generation] of tried ?? []) state.tried.set(known, generation);
    return undefined;
  }

  /**
   * A worker without any other request, for one that may crash it: so no honest request is in two crashes. The least busy worker is
   * given no further request until it is empty; until then nothing is chosen.
   */
  #chooseAlone(state: PickState): Upstream | undefined {
    const able = this.upstreams.filter(
      (upstream) => isInService(upstream) && state.tried.get(upstream) !== upstream.generation,
    );
    let chosen = able.find(({ aloneFor }) => aloneFor === state);
    if (chosen === undefined) {
      const free = able.filter(({ aloneFor }) => aloneFor === undefined);
      [chosen] = free.toSorted((one, other) => one.conns + one.beside - other.conns - other.beside);
      if (chosen !== undefined) chosen.aloneFor = state;
    }
    return chosen !== undefined && chosen.conns + chosen.beside === 0 ? chosen : undefined;
  }

  /** The request is over: no worker is kept for it any more. */
  endPick(state: PickState): void {
    for (const upstream of this.#upstreams.values()) {
      if (upstream.aloneFor !== state) continue;
      upstream.aloneFor = undefined;
      this.#events.onVacancy?.();
    }
  }

  /**
   * The process of a worker has ended, by a crash or because somebody killed it. Tell it before `setReady`.
   * @returns whether it died of a request that was in another worker's crash before
   */
  died(id: string, isCrash: boolean): boolean {
    const upstream = this.#upstreams.get(id);
    return upstream !== undefined && this.#flights.end(upstream, isCrash);
  }

  #hold(upstream: Upstream, state: PickState): Lease {
    upstream.conns += 1;
    if (upstream.owned) this.#flights.enter(upstream, state);
    upstream.requests += 1;
    return new Lease(upstream, this.#clock.monotonicMs(), (lease, outcome) => this.#release(lease, outcome, state));
  }

  /** Why `acquire` gave nothing, and so whether to wait. */
  vacancy(state: PickState): Vacancy {
    let waiting = false;
    for (const upstream of this.#upstreams.values()) {
      if (upstream.down) continue;
      if (!isInService(upstream)) waiting ||= upstream.owned && !upstream.hopeless;
      else if (state.tried.get(upstream) === upstream.generation) waiting ||= this.#suspects.has(upstream);
      else if (isFull(upstream) || state.deaths > 0) return "busy";
    }
    return waiting ? "waiting" : "none";
  }

  /** Of all upstreams in service; one without a limit has those that are used. */
  get slots(): number {
    let sum = 0;
    for (const upstream of this.#upstreams.values()) {
      if (isInService(upstream)) sum += upstream.maxConns > 0 ? upstream.maxConns : upstream.conns;
    }
    return sum;
  }

  /** Leases held now. */
  get active(): number {
    let sum = 0;
    for (const upstream of this.#upstreams.values()) sum += upstream.conns;
    return sum;
  }

  #release(lease: Lease, outcome: LeaseOutcome, state: PickState): void {
    const { upstream } = lease;
    upstream.conns -= 1;
    if (upstream.aloneFor === state) upstream.aloneFor = undefined;
    lease.verdict = this.#flights.leave(upstream, state, outcome === "lost");
    upstream.busyMs += this.#clock.monotonicMs() - lease.takenAtMs;
    if (outcome === "failed" || outcome === "lost") upstream.failures += 1;
    if (outcome === "lost") this.#suspects.add(upstream);
    this.#account(upstream, outcome, state);
    this.#settleDrain(upstream);
    this.#events.onReleased?.(lease, outcome);
    this.#events.onVacancy?.();
  }

  #account(upstream: Upstream, outcome: LeaseOutcome, state: PickState): void {
    if (outcome === "unused") return;
    if (state.group.single) {
      upstream.fails = 0;
      state.triesLeft = 0;
      return;
    }
    const nowMs = this.#clock.monotonicMs();
    if (outcome !== "failed" && outcome !== "lost") recordSuccess(upstream, nowMs);
    else if (recordFailure(upstream, nowMs)) this.#events.onTakenOut?.(upstream);
    if (state.triesLeft > 0) state.triesLeft -= 1;
  }

  #settleDrain(upstream: Upstream): void {
    if (upstream.conns > 0) return;
    const waiting = this.#idle.get(upstream.id) ?? [];
    this.#idle.delete(upstream.id);
    for (const resolve of waiting) resolve();
  }

  #regroup(): void {
    this.#group = groupOf([...this.#upstreams.values()]);
  }
}

const noBytes = new Uint8Array(0);
const nobody: ReadonlySet<string> = new Set();

function groupOf(upstreams: readonly Upstream[]): PeerGroup {
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

function onUpstreams(score: ((upstream: Upstream) => number) | undefined): ((peer: Peer) => number) | undefined {
  if (score === undefined) return undefined;
  return (peer) => score(peer as Upstream);
}
