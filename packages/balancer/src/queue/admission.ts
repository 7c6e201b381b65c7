import type { Clock } from "@drover/foundation/clock";
import { MovingAverage } from "@drover/foundation/moving-average";
import { isInService } from "../policies/availability.ts";
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
  /** Tokens that its owner was charged with at the first lease, or milliseconds where it needs no slot. */
  charged: number | undefined;
  /** Set when there was no lease because of the queue. */
  refusal: Refusal | undefined;
}

export interface AdmissionEvents {
  /** A request got its slot; 0 for one that went straight through. */
  onWaited(waitMs: number): void;
  /** A request waits while no worker is ready. */
  onWakeNeeded(): void;
}

export interface AdmissionParts {
  readonly pool: UpstreamPool;
  readonly clock: Clock;
  readonly events: AdmissionEvents;
}

/**
 * Gives requests their leases: at once where there is room and nobody waits, through a queue where some may come free, else none. Requests that need a slot and
 * those that run beside the slots have a queue each, which is fair between owners.
 */
export class Admission {
  readonly #parts: AdmissionParts;
  readonly #slots: Line;
  readonly #beside: Line;

  constructor(rules: QueueOptions, parts: AdmissionParts) {
    const { pool } = parts;
    this.#parts = parts;
    this.#slots = openLine(rules, parts, pool);
    this.#beside = openLine(rules, parts, besideSlots(pool));
  }

  /** Where requests wait for a slot. */
  get queue(): AdmissionQueue {
    return this.#slots.queue;
  }

  /** Those who wait go on under the rules they came in with. */
  setOptions(rules: QueueOptions): void {
    for (const { queue } of this.#lines) queue.setOptions(rules);
  }

  /** To be called whenever a slot may have come free. */
  dispatch(): void {
    for (const { queue } of this.#lines) queue.dispatch();
  }

  /** Sends those away for whom nothing can come any more. */
  dismissHopeless(): void {
    for (const { queue, source } of this.#lines) queue.dismiss((pick) => source.vacancy(pick) === "none");
  }

  /** Sends these away. */
  dismiss(isMeant: (pick: PickState) => boolean): void {
    for (const { queue } of this.#lines) queue.dismiss(isMeant);
  }

  /** Sends everyone away, now and from now on. */
  close(): void {
    for (const { queue } of this.#lines) queue.close();
  }

  /** For a request that is refused now. */
  retryAfterSeconds(claim?: Claim): number {
    const { queue, source, meanServiceMs } = claim === undefined ? this.#slots : this.#lineOf(claim);
    return retryAfterSeconds({ depth: queue.depth, slots: source.slots, meanServiceMs: meanServiceMs.value });
  }

  /** The request is over, and took so many tokens; undefined: nobody knows. */
  account({ owner, charged, needsSlot }: Claim, tokens: number | undefined): void {
    if (needsSlot && charged !== undefined && tokens !== undefined) this.#slots.shares.correct(owner, charged, tokens);
  }

  acquire(claim: Claim): Promise<Lease | undefined> | Lease | undefined {
    const line = this.#lineOf(claim);
    const { queue, source } = line;
    const { pick } = claim;
    const again = pick.tried.size > 0;
    const lease = queue.closed ? undefined : queue.depth === 0 || again ? source.acquire(pick) : undefined;
    if (lease !== undefined) {
      this.#granted(claim, lease, line);
      this.#waited(line, 0);
      return lease;
    }
    const vacancy = source.vacancy(pick);
    if (vacancy === "none" && !queue.closed) return undefined;
    if (vacancy === "waiting") this.#parts.events.onWakeNeeded();
    const onGranted = (granted: Lease): void => this.#granted(claim, granted, line);
    return queue.wait({ again, onGranted, ...claim }).then((outcome) => this.#settle(claim, outcome, line));
  }

  get #lines(): readonly Line[] {
    return [this.#slots, this.#beside];
  }

  /** Before upstreams that are not Drover's own every request counts, as in nginx; and one that may crash workers is to be alone. */
  #lineOf({ needsSlot, pick }: Claim): Line {
    return needsSlot || pick.deaths > 0 || !this.#parts.pool.members.ownsAll ? this.#slots : this.#beside;
  }

  #granted(claim: Claim, lease: Lease, line: Line): void {
    lease.giveTo((outcome) => this.#released(lease, outcome, { claim, line }));
    if (claim.charged === undefined) claim.charged = line.shares.begin(claim.owner);
    else line.shares.again(claim.owner);
  }

  #released(lease: Lease, outcome: LeaseOutcome, { claim, line }: Held): void {
    const heldMs = this.#parts.clock.monotonicMs() - lease.takenAtMs;
    line.shares.end(claim.owner);
    if (outcome === "ok") line.meanServiceMs.add(heldMs);
    if (line === this.#slots || claim.charged === undefined) return;
    // What such a request costs is the time that it keeps a worker busy; another attempt is charged anew.
    line.shares.correct(claim.owner, claim.charged, heldMs);
    claim.charged = undefined;
  }

  #waited(line: Line, waitMs: number): void {
    if (line === this.#slots) this.#parts.events.onWaited(waitMs);
  }

  #settle(claim: Claim, outcome: QueueOutcome, line: Line): Lease | undefined {
    if (outcome.kind === "granted") {
      claim.waitedMs += outcome.waitedMs;
      this.#waited(line, outcome.waitedMs);
      return outcome.lease;
    }
    claim.refusal = outcome.kind === "aborted" || outcome.kind === "none" ? undefined : outcome.kind;
    return undefined;
  }
}

/** Where leases come from. */
type LeaseSource = Pick<UpstreamPool, "acquire" | "acquireBeyond" | "isChoosy" | "mustWait" | "vacancy" | "slots">;

/** What a lease was given for. */
interface Held {
  readonly claim: Claim;
  readonly line: Line;
}

interface Line {
  readonly queue: AdmissionQueue;
  readonly source: LeaseSource;
  readonly shares: FairShares;
  readonly meanServiceMs: MovingAverage;
}

function openLine(rules: QueueOptions, { clock }: AdmissionParts, source: LeaseSource): Line {
  const shares = new FairShares();
  const queue = new AdmissionQueue(rules, { clock, pool: source, shares });
  return { queue, source, shares, meanServiceMs: new MovingAverage(0.1) };
}

/**
 * Requests that a worker has beside its slots at a time. All of them together have its main thread, where each of its responses needs some time for every
 * token; and twice as many where owners have less than their share of them.
 */
const MOST_BESIDE = 4;

function besideSlots(pool: UpstreamPool): LeaseSource {
  return {
    acquire: (pick) => pool.acquireBeside(pick, MOST_BESIDE),
    acquireBeyond: (pick) => pool.acquireBeside(pick, 2 * MOST_BESIDE),
    mustWait: (pick) => pool.mustWait(pick),
    isChoosy: (pick) => pool.isChoosy(pick),
    vacancy: (pick) => pool.vacancyBeside(pick, MOST_BESIDE),
    get slots() {
      return MOST_BESIDE * pool.members.ordinary.filter(isInService).length;
    },
  };
}
