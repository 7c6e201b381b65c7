import type { Clock } from "@drover/foundation/clock";

/** How long a crash is held against those who sent the requests in it, and how long after its last request a sender counts as one of those who are protected. */
const rememberedMs = 600_000;
const sweepEveryMs = 5000;
/** After so many crashes suspects are isolated, and a sender whose requests were in so many. */
const isolatingCrashes = 2;
/** More crashes are not remembered. */
const mostCrashes = 32;

export interface IsolationEvents {
  /** A worker has crashed, and there are requests to be isolated. */
  onWanted?(): void;
  /** Requests may be given to other workers than before. */
  onFreed(): void;
  /** Nothing is isolated any more. */
  onOver?(): void;
}

/** A request, as far as it counts here. */
interface Sent {
  /** The key's label, or the address where there are no keys; undefined: nobody knows. */
  readonly sender: string | undefined;
  /** Crashes that it was in. @default 0 */
  readonly deaths?: number;
}

interface Crash {
  readonly atMs: number;
  /** Requests that may have caused it, by sender. */
  readonly suspects: Map<string, Set<Sent>>;
}

/**
 * Who sends what crashes workers. A crash is remembered until its senders' requests were in none for ten minutes; a suspect that succeeds when it is tried again
 * clears its sender of it. From the second one on, and as long as others use the service too, those that were in a crash are tried in a worker apart, and so are all
 * requests of a sender that had some in two: whatever comes next of them ends no other worker.
 */
export class Isolation {
  readonly #clock: Clock;
  readonly #events: IsolationEvents;
  /** Oldest first. */
  #crashes: readonly Crash[] = [];
  #latest: string | undefined;
  #latestAtMs = Number.NEGATIVE_INFINITY;
  /** When somebody else than the latest sender has sent something. */
  #otherAtMs = Number.NEGATIVE_INFINITY;
  #stopSweeping: (() => void) | undefined;

  constructor(clock: Clock, events: IsolationEvents) {
    this.#clock = clock;
    this.#events = events;
  }

  /** A request came. */
  see({ sender }: Sent): void {
    if (sender !== this.#latest) {
      this.#latest = sender;
      this.#otherAtMs = this.#latestAtMs;
    }
    this.#latestAtMs = this.#clock.monotonicMs();
  }

  /** Whether the request is to be kept from the workers of others. */
  isIsolated(request: Sent): boolean {
    // The usual case costs no look at the clock.
    if (request.sender === undefined || this.#crashes.length < isolatingCrashes) return false;
    if ((request.deaths ?? 0) === 0 && this.#crashesOf(request.sender) < isolatingCrashes) return false;
    return this.#hasOthers(request.sender);
  }

  /** How many workers of everybody's may have requests of the sender of which it is not known yet whether they crash them. */
  mostWorkers({ sender }: Sent): number {
    if (sender === undefined || !this.#hasOthers(sender)) return Number.POSITIVE_INFINITY;
    return Math.max(1, isolatingCrashes - this.#crashesOf(sender));
  }

  /** Whether a request of the same sender was in a crash before. */
  isInvolved({ sender }: Sent): boolean {
    return sender !== undefined && this.#crashesOf(sender) > 0;
  }

  /** A worker has crashed that had these requests, or had them a moment before. */
  crashed(requests: readonly Sent[]): void {
    const suspects = new Map<string, Set<Sent>>();
    for (const request of requests) {
      if (request.sender === undefined) continue;
      suspects.set(request.sender, (suspects.get(request.sender) ?? new Set()).add(request));
    }
    if (suspects.size === 0) return;
    this.#crashes = [...this.#crashes.slice(1 - mostCrashes), { atMs: this.#clock.monotonicMs(), suspects }];
    this.#stopSweeping ??= this.#clock.every(sweepEveryMs, () => this.#sweep());
    if (this.#isNeeded && [...suspects.keys()].some((sender) => this.#hasOthers(sender))) this.#events.onWanted?.();
  }

  /** The request was in a crash, and has succeeded since. */
  clear(request: Sent): void {
    const sender = request.sender ?? "";
    this.#forget(({ suspects }) => {
      const left = suspects.get(sender);
      if (left?.delete(request) === true && left.size === 0) suspects.delete(sender);
    });
  }

  #sweep(): void {
    const atMs = this.#clock.monotonicMs() - rememberedMs;
    const recent = new Set(this.#crashes.filter((crash) => crash.atMs > atMs).flatMap(sendersOf));
    this.#forget((crash) => {
      for (const sender of sendersOf(crash)) if (!recent.has(sender)) crash.suspects.delete(sender);
    });
  }

  /** Takes suspects away by `forget`. */
  #forget(forget: (crash: Crash) => void): void {
    const [wasNeeded, before] = [this.#isNeeded, this.#isolated];
    for (const crash of this.#crashes) forget(crash);
    this.#crashes = this.#crashes.filter(({ suspects }) => suspects.size > 0);
    if (this.#crashes.length === 0) {
      this.#stopSweeping?.();
      this.#stopSweeping = undefined;
    }
    const isOver = wasNeeded && !this.#isNeeded;
    if (isOver || this.#isolated < before) this.#events.onFreed();
    if (isOver) this.#events.onOver?.();
  }

  get #isNeeded(): boolean {
    return this.#crashes.length >= isolatingCrashes;
  }

  /** Senders of which everything is isolated. */
  get #isolated(): number {
    const senders = new Set(this.#crashes.flatMap(sendersOf));
    return [...senders].filter((sender) => this.#crashesOf(sender) >= isolatingCrashes).length;
  }

  #crashesOf(sender: string): number {
    let count = 0;
    for (const { suspects } of this.#crashes) count += suspects.has(sender) ? 1 : 0;
    return count;
  }

  #hasOthers(sender: string): boolean {
    const othersAtMs = sender === this.#latest ? this.#otherAtMs : this.#latestAtMs;
    return this.#clock.monotonicMs() - othersAtMs < rememberedMs;
  }
}

function sendersOf({ suspects }: Crash): readonly string[] {
  return [...suspects.keys()];
}
