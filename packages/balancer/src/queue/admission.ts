import type { PickState } from "../policies/policy.ts";
import type { Lease } from "../pool/lease.ts";
import type { UpstreamPool } from "../pool/upstream-pool.ts";
import type { AdmissionQueue, Leaver, QueueOutcome } from "./admission-queue.ts";
import type { FairShares } from "./fair-shares.ts";

/** Why a request was sent away without an upstream. */
export type Refusal = "overflow" | "timeout" | "closed";

/** What one request asks for, attempt after attempt, and what became of it. */
export interface Claim {
  readonly pick: PickState;
  /** Between owners the queue is fair. */
  readonly owner: string;
  readonly client: Leaver;
  /** False for requests that run beside the slots of a worker. */
  readonly needsSlot: boolean;
  /** Told the request's position in the queue (1 is the next) whenever it may have changed. */
  readonly onPosition?: ((position: number) => void) | undefined;
  /** Time spent in the queue, over all attempts. */
  waitedMs: number;
  /** Tokens that its owner was charged with at the first lease. */
  charged: number | undefined;
  /** Set when there was no lease because of the queue. */
  refusal: Refusal | undefined;
}

export interface AdmissionEvents {
  /** A request got its lease; 0 for one that went straight through. */
  onWaited(waitMs: number): void;
  /** A request waits while no worker is ready. */
  onWakeNeeded(): void;
}

/** Gives requests their leases: at once where a slot is free and nobody waits, through the queue where one may come free, else none. */
export class Admission {
  readonly #pool: UpstreamPool;
  readonly #queue: AdmissionQueue;
  readonly #shares: FairShares;
  readonly #events: AdmissionEvents;
  readonly #owners = new WeakMap<Lease, string>();

  constructor(pool: UpstreamPool, queue: AdmissionQueue, shares: FairShares, events: AdmissionEvents) {
    this.#pool = pool;
    this.#queue = queue;
    this.#shares = shares;
    this.#events = events;
  }

  /** To be told of each lease that ends. */
  released(lease: Lease): void {
    const owner = this.#owners.get(lease);
    if (owner !== undefined) this.#shares.end(owner);
  }

  /** The request is over, and took so many tokens; undefined: nobody knows. */
  account({ owner, charged }: Claim, tokens: number | undefined): void {
    if (charged !== undefined && tokens !== undefined) this.#shares.correct(owner, charged, tokens);
  }

  acquire(claim: Claim): Promise<Lease | undefined> | Lease | undefined {
    const pool = this.#pool;
    const queue = this.#queue;
    const { pick } = claim;
    const beside = claim.needsSlot ? undefined : pool.acquireBeside(pick);
    if (beside !== undefined) return beside;
    const again = pick.tried.size > 0;
    const lease = queue.closed ? undefined : queue.depth === 0 || again ? pool.acquire(pick) : undefined;
    if (lease !== undefined) {
      this.#granted(claim, lease);
      this.#events.onWaited(0);
      return lease;
    }
    const vacancy = pool.vacancy(pick);
    if (vacancy === "none" && !queue.closed) return undefined;
    if (vacancy === "waiting") this.#events.onWakeNeeded();
    const onGranted = (granted: Lease): void => this.#granted(claim, granted);
    return queue.wait({ ...claim, again, onGranted }).then((outcome) => this.#settle(claim, outcome));
  }

  #granted(claim: Claim, lease: Lease): void {
    this.#owners.set(lease, claim.owner);
    if (claim.charged === undefined) claim.charged = this.#shares.begin(claim.owner);
    else this.#shares.again(claim.owner);
  }

  #settle(claim: Claim, outcome: QueueOutcome): Lease | undefined {
    if (outcome.kind === "granted") {
      claim.waitedMs += outcome.waitedMs;
      this.#events.onWaited(outcome.waitedMs);
      return outcome.lease;
    }
    claim.refusal = outcome.kind === "aborted" || outcome.kind === "none" ? undefined : outcome.kind;
    return undefined;
  }
}
