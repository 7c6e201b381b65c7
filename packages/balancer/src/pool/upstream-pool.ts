import type { PickDecision, PickReason } from "@drover/contract/request-record";
import type { Clock } from "@drover/foundation/clock";
import { sum } from "@drover/foundation/sums";
import { isInService, isReserved } from "../policies/availability.ts";
import type { PeerGroup } from "../policies/peer.ts";
import { isCandidate, type PickState } from "../policies/policy.ts";
import { type PolicyName, policies } from "../policies/registry.ts";
import { isFailure, Lease, type LeaseOutcome } from "./lease.ts";
import { NOBODY, type PickRequest, type StandBy, startPick, type Vacancy, vacancyOf } from "./pick-state.ts";
import { InFlightRequests } from "./crashes/in-flight-requests.ts";
import { Isolation } from "./crashes/isolation.ts";
import { describePick } from "./pick-decision.ts";
import { recordOutcome } from "./peer-failures.ts";
import { Suspects } from "./crashes/suspects.ts";
import { ableWorkers, leastBusyWorker, roomiestBeyondSlots, workerAlone } from "./worker-picks.ts";
import type { Upstream, UpstreamSpec } from "./upstream.ts";
import { UpstreamSet } from "./upstream-set.ts";

/** Everything a pool takes; plain values, so that nginx directives and Drover's settings can both make one. */
export interface PoolOptions {
  readonly policy: PolicyName;
  readonly upstreams?: readonly UpstreamSpec[];
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly standBy?: StandBy | undefined;
}

export interface PoolEvents {
  /** A slot came free or an upstream came ready: whoever waits may try again. */
  onVacancy?(): void;
  /** Removed, with all that it has counted. */
  onRemoved?(upstream: Upstream): void;
  /** Requests that have crashed workers need a worker apart (an upstream with `isolation`). */
  onIsolationWanted?(): void;
  /** None needs one any more. */
  onIsolationOver?(): void;
  /** Its failures have taken it out. */
  onTakenOut?(upstream: Upstream): void;
}

/** The upstreams of one group and the rule that chooses between them. Choosing and holding is one synchronous call. */
export class UpstreamPool {
  readonly members: UpstreamSet;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #suspects: Suspects;
  readonly #inFlight: InFlightRequests;
  readonly #isolation: Isolation;
  readonly #standBy: StandBy | undefined;
  #policy: PolicyName;
  #events: PoolEvents = {};

  constructor(options: PoolOptions) {
    this.#clock = options.clock;
    this.#random = options.random;
    this.#standBy = options.standBy;
    this.#policy = options.policy;
    this.members = new UpstreamSet(options.upstreams ?? [], options.clock, {
      onVacancy: () => this.#events.onVacancy?.(),
      onRemoved: (upstream) => this.#events.onRemoved?.(upstream),
    });
    this.#suspects = new Suspects(options.clock, () => this.#events.onVacancy?.());
    this.#inFlight = new InFlightRequests(options.clock, () => this.#events.onVacancy?.());
    this.#isolation = new Isolation(options.clock, {
      onWanted: () => this.#events.onIsolationWanted?.(),
      onFreed: () => this.#events.onVacancy?.(),
      onOver: () => this.#events.onIsolationOver?.(),
    });
  }

  /** Sets who is told of changes. */
  listen(events: PoolEvents): void {
    this.#events = events;
  }

  setPolicy(policy: PolicyName): void {
    this.#policy = policy;
  }

  /** A request's memory over its attempts; `tries` caps them, 0 is as many as there are servers. */
  startPick(request: PickRequest = {}, tries = 0): PickState {
    if (request.sender !== undefined) this.#isolation.see({ sender: request.sender });
    return startPick(this.members.group, request, tries);
  }

  /** Chooses an upstream and holds a slot of it. */
  acquire(state: PickState): Lease | undefined {
    if (this.mustWait(state)) return undefined;
    const { members, group } = this.#eligible(state);
    if (state.group !== group && state.group !== group.next) state.group = group;
    this.#askStandBy(state);
    const upstream = state.deaths > 0 ? this.#chooseAlone(members, state) : this.#choose(state);
    if (upstream === undefined) return undefined;
    return this.#hold(upstream, state);
  }

  /** Whether there are workers that it may not have and others may. */
  isChoosy(state: PickState): boolean {
    return this.#eligible(state).members !== this.members.ordinary || this.#closed(state).size > 0;
  }

  /** Those that may take the request at all. */
  #eligible(state: PickState): { readonly members: readonly Upstream[]; readonly group: PeerGroup } {
    const { isolation, ordinary, group } = this.members;
    return isolation !== undefined && this.#isolation.isIsolated(state) ? isolation : { members: ordinary, group };
  }

  #askStandBy(state: PickState): void {
    const closed = this.#closed(state);
    const isOpen = ({ id }: Upstream) => !closed.has(id);
    const { members } = this.#eligible(state);
    const able = ableWorkers(closed.size === 0 ? members : members.filter(isOpen), state);
    const standingBy = this.#standBy?.(able) ?? NOBODY;
    state.standingBy = closed.size === 0 ? standingBy : new Set([...standingBy, ...closed]);
  }

  /** Workers that its sender may not have now: no more than two of everybody's are to crash of what it sends, and what that is shows soon. */
  #closed(state: PickState): ReadonlySet<string> {
    const { ordinary } = this.members;
    if (ordinary.length < 2) return NOBODY;
    const most = this.#isolation.mostWorkers(state);
    return ordinary.length <= most ? NOBODY : this.#inFlight.closedTo(state.sender, ordinary, most);
  }

  /** Suspects of all senders begin one after another, so that each crash says of which. */
  #chooseAlone(members: readonly Upstream[], state: PickState): Upstream | undefined {
    const closed = this.#closed(state);
    const chosen = workerAlone(members, state, (one) => this.#suspects.has(one) || closed.has(one.id));
    return this.#inFlight.tries(members) ? undefined : chosen;
  }

  /** Why this upstream, where somebody wants to know. */
  #describe(chosen: Upstream, state: PickState, why: PickReason | undefined): PickDecision | undefined {
    if (!state.isExplained) return undefined;
    const nowMs = this.#clock.monotonicMs();
    const isFree = (one: Upstream) => isCandidate(one, state, nowMs);
    return describePick(chosen, this.members.all, state, { policy: this.#policy, isFree, why });
  }

  /**
   * Holds the least busy ready worker whatever its free slots, if it has fewer than `most` such requests: for those that need no slot of the model
   * (`GET /v1/models`, `/tokenize`), which must not wait behind those that do. All upstreams are Drover's own.
   */
  acquireBeside(state: PickState, most: number): Lease | undefined {
    if (this.mustWait(state)) return undefined;
    state.standingBy = this.#closed(state);
    const upstream = leastBusyWorker(this.#eligible(state).members, state, most);
    if (upstream === undefined) return undefined;
    state.tried.set(upstream, upstream.generation);
    upstream.requests += 1;
    upstream.beside += 1;
    this.#inFlight.enter(upstream, state);
    return new Lease(upstream, this.#clock.monotonicMs(), (lease, outcome) => {
      upstream.beside -= 1;
      this.#judge(lease, outcome, state);
      this.members.settle(upstream);
      lease.tellHolder(outcome);
      this.#events.onVacancy?.();
    });
  }

  /** Why `acquireBeside` gave nothing. */
  vacancyBeside(state: PickState, most: number): Vacancy {
    if (this.mustWait(state)) return "busy";
    const isTaken = (upstream: Upstream) => upstream.beside >= most || isReserved(upstream);
    return vacancyOf(this.#eligible(state).members, state, this.#suspects, isTaken);
  }

  /**
   * Holds a slot more than there are on the least busy worker that can set requests aside for others; it takes at most twice as many requests as it has slots.
   */
  acquireBeyond(state: PickState): Lease | undefined {
    if (state.deaths > 0 || this.mustWait(state)) return undefined;
    this.#askStandBy(state);
    const best = roomiestBeyondSlots(this.#eligible(state).members, state);
    return best && this.#hold(best, state, SHARE);
  }

  /** A pick that found nothing leaves the request as it was: it may wait and pick again. */
  #choose(state: PickState): Upstream | undefined {
    const { group } = state;
    const tried = group.next === undefined ? undefined : [...state.tried];
    const peer = policies[this.#policy].pick(state, { nowMs: this.#clock.monotonicMs(), random: this.#random });
    if (peer !== undefined) return this.members.get(peer.id);
    state.group = group;
    for (const [known, generation] of tried ?? []) state.tried.set(known, generation);
    return undefined;
  }

  /** The request is over: no worker is kept for it any more. */
  endPick(state: PickState): void {
    if (this.#inFlight.alike.over(state)) this.#events.onVacancy?.();
    for (const upstream of this.members) {
      if (upstream.aloneFor !== state) continue;
      upstream.aloneFor = undefined;
      this.#events.onVacancy?.();
    }
  }

  /**
   * The process of a worker has ended, by a crash or because somebody killed it. Tell it before `setReady`.
   * @returns whether it died of a request that was in another worker's crash before, or of whose sender one was
   */
  died(id: string, isCrash: boolean): boolean {
    const upstream = this.members.get(id);
    if (upstream === undefined) return false;
    const { ofSuspect, causes } = this.#inFlight.end(upstream, isCrash);
    const ofSender = causes.some((request) => this.#isolation.isInvolved(request));
    if (causes.length > 0) this.#isolation.crashed(causes);
    return ofSuspect || ofSender;
  }

  #hold(upstream: Upstream, state: PickState, why?: PickReason): Lease {
    const decision = this.#describe(upstream, state, why);
    if (!state.group.single || upstream.owned) state.tried.set(upstream, upstream.generation);
    upstream.conns += 1;
    if (upstream.owned) this.#inFlight.enter(upstream, state);
    upstream.requests += 1;
    const onRelease = (released: Lease, outcome: LeaseOutcome): void => this.#release(released, outcome, state);
    return new Lease(upstream, this.#clock.monotonicMs(), onRelease, decision);
  }

  /** One like it was in a crash, and is being tried. */
  mustWait(state: PickState): boolean {
    return this.#inFlight.alike.mustWait(state);
  }

  /** Why `acquire` gave nothing, and so whether to wait. */
  vacancy(state: PickState): Vacancy {
    if (this.mustWait(state)) return "busy";
    return vacancyOf(this.#eligible(state).members, state, this.#suspects);
  }

  /** Of all upstreams in service; one without a limit has those that are used. */
  get slots(): number {
    return sum(
      this.members.ordinary.filter(isInService).map(({ maxConns, conns }) => (maxConns > 0 ? maxConns : conns)),
    );
  }

  /** Leases held now. */
  get active(): number {
    return sum(this.members.all.map(({ conns }) => conns));
  }

  #release(lease: Lease, outcome: LeaseOutcome, state: PickState): void {
    const { upstream } = lease;
    upstream.conns -= 1;
    if (upstream.aloneFor === state) upstream.aloneFor = undefined;
    upstream.busyMs += this.#clock.monotonicMs() - lease.takenAtMs;
    this.#judge(lease, outcome, state);
    const isOut = recordOutcome(upstream, outcome, state, this.#clock.monotonicMs());
    if (isOut) this.#events.onTakenOut?.(upstream);
    this.members.settle(upstream);
    lease.tellHolder(outcome);
    this.#events.onVacancy?.();
  }

  #judge(lease: Lease, outcome: LeaseOutcome, state: PickState): void {
    const { upstream } = lease;
    lease.verdict = this.#inFlight.leave(upstream, state, outcome);
    if (outcome === "ok" && state.deaths > 0) this.#isolation.clear(state);
    if (isFailure(outcome)) upstream.failures += 1;
    if (outcome === "lost" || outcome === "refused") {
      this.#suspects.add(upstream, state.tried.get(upstream) ?? upstream.generation);
    }
  }
}

const SHARE = "its client holds fewer slots than its share, and here one is taken for it from another client";
