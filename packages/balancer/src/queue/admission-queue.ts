import type { Clock } from "@drover/foundation/clock";
import type { PickState } from "../policies/policy.ts";
import type { Lease } from "../pool/lease.ts";
import type { UpstreamPool } from "../pool/upstream-pool.ts";
import type { FairShares } from "./fair-shares.ts";

/** What became of a request that asked for a lease. */
export type QueueOutcome =
  | { readonly kind: "granted"; readonly lease: Lease; readonly waitedMs: number }
  /** As many wait as may. */
  | { readonly kind: "overflow" }
  | { readonly kind: "timeout" }
  /** Nothing is left that could take it. */
  | { readonly kind: "none" }
  /** The client left. */
  | { readonly kind: "aborted" }
  /** The balancer is closing. */
  | { readonly kind: "closed" };

/** Who can leave; a `ServerResponse` is one. */
export interface Leaver {
  once(event: "close", listener: () => void): unknown;
  off(event: "close", listener: () => void): unknown;
}

export interface QueueRequest {
  readonly pick: PickState;
  /** `FairShares` says whose request is next; within one owner, first come first served. */
  readonly owner: string;
  readonly client: Leaver;
  /** Called as the lease is given, before the next one is. */
  readonly onGranted?: (lease: Lease) => void;
  /** A retry has waited already: it goes to the head of its owner's line, and past the limit. */
  readonly again?: boolean;
  /** Told its position (1 is the next) whenever it may have changed. */
  readonly onPosition?: ((position: number) => void) | undefined;
}

export interface QueueOptions {
  limit: number;
  timeoutMs: number;
}

export interface QueueParts {
  readonly clock: Clock;
  readonly pool: Pick<UpstreamPool, "acquire" | "acquireBeyond" | "isChoosy" | "mustWait" | "slots">;
  readonly shares: FairShares;
}

interface Entry {
  readonly request: QueueRequest;
  readonly enteredAtMs: number;
  readonly settle: (outcome: QueueOutcome) => void;
}

/** Where requests wait for a lease: bounded in number and time, fair between owners, left at once when the client goes. */
export class AdmissionQueue {
  readonly #parts: QueueParts;
  /** By owner. */
  readonly #lines = new Map<string, Entry[]>();
  #options: QueueOptions;
  #depth = 0;
  #closed = false;

  constructor(options: QueueOptions, parts: QueueParts) {
    this.#options = options;
    this.#parts = parts;
  }

  get depth(): number {
    return this.#depth;
  }

  get limit(): number {
    return this.#options.limit;
  }

  /** Those who wait go on under the rule they came in with. */
  setOptions(options: QueueOptions): void {
    this.#options = options;
  }

  /** Resolves when there is a lease, or none will be given. */
  wait(request: QueueRequest): Promise<QueueOutcome> {
    if (this.#closed) return Promise.resolve({ kind: "closed" });
    if (this.#depth >= this.#options.limit && request.again !== true && !this.#makeRoom(request.owner))
      return Promise.resolve({ kind: "overflow" });
    return new Promise((resolve) => {
      this.#enter(request, resolve);
      this.dispatch();
    });
  }

  /** Gives out what slots there are. Called whenever one may have come free. */
  dispatch(): void {
    while (this.#depth > 0 && this.#dispatchOne());
  }

  /** Sends those away for whom nothing can come any more. */
  dismiss(isHopeless: (pick: PickState) => boolean): void {
    const everyone = [...this.#lines.values()].flat();
    for (const entry of everyone) if (isHopeless(entry.request.pick)) entry.settle({ kind: "none" });
  }

  /** Sends everyone away, now and from now on. */
  close(): void {
    this.#closed = true;
    const everyone = [...this.#lines.values()].flat();
    for (const entry of everyone) entry.settle({ kind: "closed" });
  }

  /** Nobody is admitted any more. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Sends away the last request of the owner with the most, if that one has at least two more than `owner`: nobody fills the queue alone. */
  #makeRoom(owner: string): boolean {
    const lines = [...this.#lines.values()];
    const longest = lines.reduce<Entry[]>((most, line) => (line.length > most.length ? line : most), []);
    const last = longest.at(-1);
    if (last === undefined || longest.length < (this.#lines.get(owner)?.length ?? 0) + 2) return false;
    last.settle({ kind: "overflow" });
    return true;
  }

  #enter(request: QueueRequest, resolve: (outcome: QueueOutcome) => void): void {
    const { clock } = this.#parts;
    const onClose = (): void => settle({ kind: "aborted" });
    const stopTimer = clock.after(this.#options.timeoutMs, () => settle({ kind: "timeout" }));
    const settle = (outcome: QueueOutcome): void => {
      stopTimer();
      request.client.off("close", onClose);
      this.#remove(entry);
      resolve(outcome);
    };
    const entry: Entry = { request, enteredAtMs: clock.monotonicMs(), settle };
    request.client.once("close", onClose);
    const line = this.#lines.get(request.owner) ?? [];
    this.#lines.set(request.owner, line);
    if (request.again === true) line.unshift(entry);
    else line.push(entry);
    this.#depth += 1;
    this.#parts.shares.enter(request.owner);
    request.onPosition?.(this.#depth);
  }

  /** One grant. False when nobody could be given a lease. */
  #dispatchOne(): boolean {
    const owners = this.#parts.shares.inOrder(this.#lines.keys());
    return this.#grantOne(owners) || this.#grantBeyond(owners);
  }

  #grantOne(owners: readonly string[]): boolean {
    let isFull = false;
    const { pool } = this.#parts;
    for (const owner of owners) {
      let isOwnerFull = false;
      for (const entry of this.#lines.get(owner) ?? []) {
        const { pick } = entry.request;
        if (pool.mustWait(pick)) continue;
        // Each retry has other workers left, and some owners have; where any other request finds no slot, no further does.
        const isFresh = pick.tried.size === 0;
        const isChoosy = isFresh && pool.isChoosy(pick);
        if (isFresh && (isChoosy ? isOwnerFull : isFull)) break;
        const lease = pool.acquire(pick);
        if (lease !== undefined) {
          this.#grant(entry, lease);
          return true;
        }
        if (isChoosy) isOwnerFull = true;
        else isFull ||= isFresh;
      }
    }
    return false;
  }

  /** Long responses of some owners hold every slot: one that has less than its share waits for none of them to end. */
  #grantBeyond(owners: readonly string[]): boolean {
    const { shares, pool } = this.#parts;
    for (const owner of owners) {
      const [entry] = this.#lines.get(owner) ?? [];
      if (entry === undefined || !shares.isOwed(owner, pool.slots)) continue;
      const lease = pool.acquireBeyond(entry.request.pick);
      if (lease === undefined) continue;
      this.#grant(entry, lease);
      return true;
    }
    return false;
  }

  #grant(entry: Entry, lease: Lease): void {
    entry.request.onGranted?.(lease);
    entry.settle({ kind: "granted", lease, waitedMs: this.#parts.clock.monotonicMs() - entry.enteredAtMs });
  }

  #remove(entry: Entry): void {
    const { owner } = entry.request;
    const line = this.#lines.get(owner) ?? [];
    const at = line.indexOf(entry);
    if (at < 0) return;
    line.splice(at, 1);
    if (line.length === 0) this.#lines.delete(owner);
    this.#depth -= 1;
    this.#parts.shares.leave(owner);
    this.#tellPositions();
  }

  #tellPositions(): void {
    let position = 0;
    for (const line of this.#lines.values()) {
      for (const { request } of line) {
        position += 1;
        request.onPosition?.(position);
      }
    }
  }
}
