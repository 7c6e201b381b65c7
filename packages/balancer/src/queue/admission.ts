import type { Clock } from "@drover/foundation/clock";
import { MovingAverage } from "@drover/foundation/moving-average";
import type { PickState } from "../policies/policy.ts";
import type { Lease, LeaseOutcome } from "../pool/lease.ts";
import type { UpstreamPool } from "../pool/upstream-pool.ts";
import { AdmissionQueue, type Leaver, type QueueOptions, type QueueOutcome } from "./admission-queue.ts";
import { FairShares } from "./fair-shares.ts";
import { retryAfterSeconds } from "./retry-after.ts";

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

export interface AdmissionParts {
  readonly pool: UpstreamPool;
  readonly clock: Clock;
  readonly events: AdmissionEvents;
}

/** Gives requests their leases: at once where a slot is free and nobody waits, through the queue where one may come free, else none. */
export class Admission {
  readonly queue: AdmissionQueue;
  readonly #parts: AdmissionParts;
  readonly #shares = new FairShares();
  readonly #meanServiceMs = new MovingAverage(0.1);
  readonly #owners = new WeakMap<Lease, string>();

  constructor(rules: QueueOptions, parts: AdmissionParts) {
    this.#parts = parts;
    this.queue = new AdmissionQueue(rules, { clock: parts.clock, pool: parts.pool, shares: this.#shares });
  }

  /** To be told of each lease that ends. */
  released(lease: Lease, outcome: LeaseOutcome): void {
    const owner = this.#owners.get(lease);
    if (owner !== undefined) this.#shares.end(owner);
    if (outcome === "ok") this.#meanServiceMs.add(this.#parts.clock.monotonicMs() - lease.takenAtMs);
  }

  /** For a request that is refused now. */
  get retryAfterSeconds(): number {
    const meanServiceMs = this.#meanServiceMs.value;
    return retryAfterSeconds({ depth: this.queue.depth, slots: this.#parts.pool.slots, meanServiceMs });
  }

  /** The request is over, and took so many tokens; undefined: nobody knows. */
  account({ owner, charged }: Claim, tokens: number | undefined): void {
    if (charged !== undefined && tokens !== undefined) this.#shares.correct(owner, charged, tokens);
  }

  acquire(claim: Claim): Promise<Lease | undefined> | Lease | undefined {
    const { queue } = this;
    const { pool, events } = this.#parts;
    const { pick } = claim;
    const beside = claim.needsSlot ? undefined : pool.acquireBeside(pick);
    if (beside !== undefined) return beside;
    const again = pick.tried.size > 0;
    const lease = queue.closed ? undefined : queue.depth === 0 || again ? pool.acquire(pick) : undefined;
    if (lease !== undefined) {
      this.#granted(claim, lease);
      events.onWaited(0);
      return lease;
    }
    const vacancy = pool.vacancy(pick);
    if (vacancy === "none" && !queue.closed) return undefined;
    if (vacancy === "waiting") events.onWakeNeeded();
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
      this.#parts.events.onWaited(outcome.waitedMs);
      return outcome.lease;
    }
    claim.refusal = outcome.kind === "aborted" || outcome.kind === "none" ? undefined : outcome.kind;
    return undefined;
  }
}
