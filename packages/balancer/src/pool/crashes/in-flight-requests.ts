import type { Clock } from "@drover/foundation/clock";
import type { PickState } from "../../policies/policy.ts";
import type { LeaseOutcome } from "../lease.ts";
import type { Upstream } from "../upstream.ts";

/** The supervisor hears of a process's end within milliseconds; a machine that is out of breath may take longer. */
const verdictMs = 500;
/** A worker whose client has left ends the request with its next step. */
const afterLeaveMs = 2000;
/** What crashes a worker of a request does so soon: its text is read, and its first step taken. Until then it is new to the worker. */
const newMs = 1000;
const NOBODY: ReadonlySet<string> = new Set();

/**
 * Which requests are in which worker, so that a crash is held against the requests that may have caused it. A request that was in a worker when it
 * crashed is a suspect: its `deaths` count.
 */
export class InFlightRequests {
  readonly #clock: Clock;
  readonly #onOld: () => void;
  #isOldAwaited = false;
  readonly alike = new LikeSuspects();
  readonly #inside = new WeakMap<Upstream, Set<PickState>>();
  /** Requests whose clients have left a moment ago. */
  readonly #abandoned = new WeakMap<Upstream, Set<PickState>>();
  /** Requests that lost their connection and wait to hear why. */
  readonly #waiting = new WeakMap<PickState, () => void>();
  /** Workers that lost a connection, with how many wait to hear why: whoever comes now is not what they may have died of. */
  readonly #shaken = new WeakMap<Upstream, number>();

  /** @param onOld a request that others were kept from workers for is not new any more */
  constructor(clock: Clock, onOld: () => void) {
    this.#clock = clock;
    this.#onOld = onOld;
  }

  /** The request may be sent to the worker from now on. */
  enter(upstream: Upstream, request: PickState): void {
    request.givenAtMs = this.#clock.monotonicMs();
    if (this.#shaken.has(upstream)) return;
    const inside = this.#inside.get(upstream) ?? new Set();
    this.#inside.set(upstream, inside.add(request));
  }

  /** @returns what resolves when it is known whether the worker crashed; undefined where nothing is left to be known */
  leave(upstream: Upstream, request: PickState, outcome: LeaseOutcome): Promise<void> | undefined {
    const inside = this.#inside.get(upstream);
    if (inside?.has(request) !== true) return undefined;
    if (outcome !== "lost") {
      inside.delete(request);
      if (outcome === "abandoned") this.#abandon(upstream, request);
      return undefined;
    }
    this.#shaken.set(upstream, (this.#shaken.get(upstream) ?? 0) + 1);
    return new Promise((resolve) => {
      const settle = (): void => {
        stop();
        this.#calm(upstream);
        inside.delete(request);
        this.#waiting.delete(request);
        resolve();
      };
      const stop = this.#clock.after(verdictMs, settle);
      this.#waiting.set(request, settle);
    });
  }

  /** Those that a sender may not have: as many others as may crash of its requests have new ones of them. */
  closedTo(sender: string | undefined, workers: readonly Upstream[], most: number): ReadonlySet<string> {
    const isMeant = (request: PickState) => request.sender === sender;
    const others = workers.filter((worker) => !this.#hasNew(worker, isMeant));
    if (workers.length - others.length < most) return NOBODY;
    this.#awaitOld();
    return new Set(others.map(({ id }) => id));
  }

  /** Whether one of the workers tries a suspect that is new to it. */
  tries(workers: readonly Upstream[]): boolean {
    const isTrying = workers.some((worker) => this.#hasNew(worker, ({ deaths }) => deaths > 0));
    if (isTrying) this.#awaitOld();
    return isTrying;
  }

  #hasNew(upstream: Upstream, isMeant: (request: PickState) => boolean): boolean {
    const oldMs = this.#clock.monotonicMs() - newMs;
    for (const request of this.#inside.get(upstream) ?? [])
      if (request.givenAtMs > oldMs && isMeant(request)) return true;
    return false;
  }

  #awaitOld(): void {
    if (this.#isOldAwaited) return;
    this.#isOldAwaited = true;
    this.#clock.after(newMs, () => {
      this.#isOldAwaited = false;
      this.#onOld();
    });
  }

  #abandon(upstream: Upstream, request: PickState): void {
    const abandoned = this.#abandoned.get(upstream) ?? new Set();
    this.#abandoned.set(upstream, abandoned.add(request));
    this.#clock.after(afterLeaveMs, () => abandoned.delete(request));
  }

  #calm(upstream: Upstream): void {
    const left = (this.#shaken.get(upstream) ?? 0) - 1;
    if (left > 0) this.#shaken.set(upstream, left);
    else this.#shaken.delete(upstream);
  }

  /** The worker's process has ended. @returns whether a request was in it that is a suspect since an earlier crash, and who may have caused this one */
  end(upstream: Upstream, isCrash: boolean): { readonly ofSuspect: boolean; readonly causes: readonly PickState[] } {
    const inside = this.#inside.get(upstream) ?? new Set();
    const causes = [...inside, ...(this.#abandoned.get(upstream) ?? [])];
    this.#inside.delete(upstream);
    this.#abandoned.delete(upstream);
    let ofSuspect = false;
    for (const request of inside) {
      ofSuspect ||= isCrash && request.deaths > 0;
      if (isCrash) {
        request.deaths += 1;
        this.alike.suspect(request);
      }
      this.#waiting.get(request)?.();
    }
    return { ofSuspect, causes: isCrash ? causes : [] };
  }
}

/**
 * After a crash one suspect of each likeness is tried; those that are like it, new ones too, wait until it is over. So a client that sends the
 * same killer many times, or many that differ little, loses no worker for each.
 */
class LikeSuspects {
  readonly #tried = new Map<string, PickState>();

  /** The request was in a crash. */
  suspect(request: PickState): void {
    const likeness = request.crashRecord?.likeness;
    if (likeness !== undefined && !this.#tried.has(likeness)) this.#tried.set(likeness, request);
  }

  mustWait(request: PickState): boolean {
    // The usual case costs no digest.
    if (this.#tried.size === 0) return false;
    const tried = this.#tried.get(request.crashRecord?.likeness ?? "");
    return tried !== undefined && tried !== request;
  }

  /** The request is over. @returns whether others may have waited for it */
  over(request: PickState): boolean {
    if (this.#tried.size === 0) return false;
    const likeness = request.crashRecord?.likeness ?? "";
    return this.#tried.get(likeness) === request && this.#tried.delete(likeness);
  }
}
