import type { Clock } from "@drover/foundation/clock";
import type { PeerGroup } from "../policies/peer.ts";
import { forgetFailures } from "./peer-failures.ts";
import { groupOf } from "./pick-state.ts";
import { createUpstream, type Upstream, type UpstreamSpec } from "./upstream.ts";

export interface UpstreamSetEvents {
  /** Another upstream may be able to take a request. */
  onVacancy(): void;
  /** Removed, with all that it has counted. */
  onRemoved(upstream: Upstream): void;
}

/** The upstreams of a pool, and what is said of them: ready, down, draining. */
export class UpstreamSet implements Iterable<Upstream> {
  readonly #clock: Clock;
  readonly #events: UpstreamSetEvents;
  readonly #upstreams = new Map<string, Upstream>();
  /** Who waits for the last lease of an upstream. */
  readonly #drains = new Map<string, (() => void)[]>();
  #group: PeerGroup;
  #ordinary: readonly Upstream[] = [];
  #isolation: readonly Upstream[] = [];
  #isolationGroup: PeerGroup;

  constructor(specs: readonly UpstreamSpec[], clock: Clock, events: UpstreamSetEvents) {
    this.#clock = clock;
    this.#events = events;
    for (const spec of specs) this.#upstreams.set(spec.id, createUpstream(spec));
    this.#group = groupOf([]);
    this.#isolationGroup = this.#group;
    this.#regroup();
  }

  /** In their configured order. */
  get all(): readonly Upstream[] {
    return [...this.#upstreams.values()];
  }

  [Symbol.iterator](): Iterator<Upstream> {
    return this.#upstreams.values();
  }

  /** All but the worker for isolated senders, in their configured order. */
  get ordinary(): readonly Upstream[] {
    return this.#ordinary;
  }

  /** Of the ordinary ones: the primary servers, with the backup servers behind them. */
  get group(): PeerGroup {
    return this.#group;
  }

  /** The worker for isolated senders, where there is one to wait for. */
  get isolation(): { readonly members: readonly Upstream[]; readonly group: PeerGroup } | undefined {
    const [worker] = this.#isolation;
    if (worker === undefined || worker.hopeless || worker.draining) return undefined;
    return { members: this.#isolation, group: this.#isolationGroup };
  }

  /** Every upstream is a worker of Drover's own. */
  get ownsAll(): boolean {
    for (const { owned } of this.#upstreams.values()) if (!owned) return false;
    return this.#upstreams.size > 0;
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

  /** @throws BadUpstreamError, see `createUpstream`. One of the same id is replaced: at no time there is none. */
  add(spec: UpstreamSpec): Upstream {
    const upstream = createUpstream(spec);
    const replaced = this.#upstreams.get(spec.id);
    this.#upstreams.set(spec.id, upstream);
    this.#regroup();
    if (replaced !== undefined) this.#retire(replaced);
    if (upstream.ready) this.#events.onVacancy();
    return upstream;
  }

  /** Leases that are held go on; nothing new is given. */
  remove(id: string): void {
    const upstream = this.#upstreams.get(id);
    if (upstream === undefined) return;
    this.#upstreams.delete(id);
    this.#regroup();
    this.#retire(upstream);
    this.#events.onVacancy();
  }

  #retire(upstream: Upstream): void {
    upstream.down = true;
    this.#events.onRemoved(upstream);
    this.settle(upstream);
  }

  /** A worker that comes ready starts without failures, and may be tried by requests that its last life failed. */
  setReady(id: string, ready: boolean): void {
    const upstream = this.#upstreams.get(id);
    if (upstream === undefined || upstream.ready === ready) return;
    upstream.ready = ready;
    upstream.aloneFor = undefined;
    if (ready) forgetFailures(upstream, this.#clock.monotonicMs());
    this.#events.onVacancy();
  }

  /** Whether a worker that is not ready is worth waiting for; at first it is. */
  setExpected(id: string, isExpected: boolean): void {
    const upstream = this.#upstreams.get(id);
    if (upstream !== undefined) upstream.hopeless = !isExpected;
  }

  /** What active checks found, or what the configuration says: a server that is back starts afresh, slowly where `slowStartMs` says so. */
  setDown(id: string, causes: Partial<Pick<Upstream, "isMarkedDown" | "failsChecks">>): void {
    const upstream = this.#upstreams.get(id);
    if (upstream === undefined) return;
    Object.assign(upstream, causes);
    const down = upstream.isMarkedDown || upstream.failsChecks;
    if (upstream.down === down) return;
    upstream.down = down;
    if (!down) forgetFailures(upstream, this.#clock.monotonicMs());
    this.#events.onVacancy();
  }

  /** Gives no new lease; resolves when the last one is released. At once for an unknown id. */
  drain(id: string): Promise<void> {
    const upstream = this.#upstreams.get(id);
    if (upstream === undefined) return Promise.resolve();
    upstream.draining = true;
    return this.#unused(upstream);
  }

  undrain(id: string): void {
    const upstream = this.#upstreams.get(id);
    if (upstream === undefined || !upstream.draining) return;
    upstream.draining = false;
    this.#events.onVacancy();
  }

  /** To be told of each released lease. */
  settle(upstream: Upstream): void {
    if (isUsed(upstream)) return;
    const waiting = this.#drains.get(upstream.id) ?? [];
    this.#drains.delete(upstream.id);
    for (const resolve of waiting) resolve();
  }

  #unused(upstream: Upstream): Promise<void> {
    if (!isUsed(upstream)) return Promise.resolve();
    return new Promise((resolve) => {
      this.#drains.set(upstream.id, [...(this.#drains.get(upstream.id) ?? []), resolve]);
    });
  }

  #regroup(): void {
    this.#ordinary = this.all.filter(({ isolation }) => !isolation);
    this.#isolation = this.all.filter(({ isolation }) => isolation);
    this.#group = groupOf(this.#ordinary);
    this.#isolationGroup = groupOf(this.#isolation);
  }
}

function isUsed({ conns, beside }: Upstream): boolean {
  return conns > 0 || beside > 0;
}
