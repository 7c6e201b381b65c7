import type { Clock } from "@drover/foundation/clock";

/** How long a crash is held against those who sent the requests in it, and how long after its last request a sender counts as one of those who are protected. */
const rememberedMs = 600_000;
const sweepEveryMs = 5000;
/** A sender whose requests were in so many crashes is isolated. */
const isolatingCrashes = 2;

export interface IsolationEvents {
  /** A crash has isolated a sender, or is one more of a sender that is isolated. */
  onWanted?(): void;
  /** The requests of a sender may be given to other workers than before. */
  onFreed(): void;
  /** No sender is isolated any more. */
  onOver?(): void;
}

/** A request, as far as it counts here. */
interface Sent {
  /** The key's label, or the address where there are no keys; undefined: nobody knows. */
  readonly sender: string | undefined;
}

interface Crash {
  readonly atMs: number;
  /** Requests of one sender that may have caused it. */
  readonly suspects: Set<Sent>;
}

/**
 * Who sends what crashes workers. A sender whose requests were in two crashes, less than ten minutes apart, is isolated until there was none for ten minutes, as
 * long as others use the service too: its requests run in a worker of their own, so that whatever comes next of it ends no other worker. A suspect that succeeds
 * when it is tried again clears its sender of that crash.
 */
export class Isolation {
  readonly #clock: Clock;
  readonly #events: IsolationEvents;
  /** By sender, oldest first. */
  readonly #crashes = new Map<string, Crash[]>();
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

  /** Whether the sender's requests are to be kept from the workers of others. */
  isIsolated({ sender }: Sent): boolean {
    // The usual case costs no look at the clock.
    if (sender === undefined || this.#crashes.size === 0) return false;
    if ((this.#crashes.get(sender)?.length ?? 0) < isolatingCrashes) return false;
    const othersAtMs = sender === this.#latest ? this.#otherAtMs : this.#latestAtMs;
    return this.#clock.monotonicMs() - othersAtMs < rememberedMs;
  }

  /** Whether a request of the same sender was in a crash before. */
  isInvolved({ sender }: Sent): boolean {
    return sender !== undefined && this.#crashes.has(sender);
  }

  /** A worker has crashed that had these requests, or had them a moment before. */
  crashed(requests: readonly Sent[]): void {
    const atMs = this.#clock.monotonicMs();
    const bySender = new Map<string, Crash>();
    for (const request of requests) {
      if (request.sender === undefined) continue;
      const crash = bySender.get(request.sender) ?? { atMs, suspects: new Set() };
      crash.suspects.add(request);
      bySender.set(request.sender, crash);
    }
    for (const [sender, crash] of bySender)
      this.#crashes.set(sender, [...(this.#crashes.get(sender) ?? []).slice(-isolatingCrashes), crash]);
    this.#stopSweeping ??= this.#clock.every(sweepEveryMs, () => this.#sweep());
    if (requests.some((request) => this.isIsolated(request))) this.#events.onWanted?.();
  }

  /** The request was in a crash, and has succeeded since. */
  clear(request: Sent): void {
    for (const crash of this.#crashes.get(request.sender ?? "") ?? []) crash.suspects.delete(request);
    this.#reduce((crashes) => crashes.filter(({ suspects }) => suspects.size > 0));
  }

  #sweep(): void {
    const now = this.#clock.monotonicMs();
    this.#reduce((crashes) => (now - (crashes.at(-1)?.atMs ?? 0) < rememberedMs ? crashes : []));
  }

  /** Keeps of each sender's crashes what `left` says. */
  #reduce(left: (crashes: Crash[]) => Crash[]): void {
    let isAnyFreed = false;
    let isAnyIsolated = false;
    for (const [sender, crashes] of this.#crashes) {
      const kept = left(crashes);
      if (kept.length === 0) this.#crashes.delete(sender);
      else this.#crashes.set(sender, kept);
      isAnyFreed ||= crashes.length >= isolatingCrashes && kept.length < isolatingCrashes;
      isAnyIsolated ||= kept.length >= isolatingCrashes;
    }
    if (this.#crashes.size === 0) {
      this.#stopSweeping?.();
      this.#stopSweeping = undefined;
    }
    if (isAnyFreed) this.#events.onFreed();
    if (isAnyFreed && !isAnyIsolated) this.#events.onOver?.();
  }
}
