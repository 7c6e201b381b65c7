import type { PickDecision } from "@drover/contract/request-record";
import type { Upstream } from "./upstream.ts";

/**
 * How an attempt ended, for the failure accounting: `ok`; `failed` (timeout, invalid header, or a listed status); `lost` (reset or
 * closed early: a failure too, and of a worker perhaps the first sign of its death); `refused` (the same, before anything was sent: of a
 * death that the request has nothing to do with);
 * `next` (a 403 or 404 that sends the request on, which is nobody's failure); `unused` (the client left before anything was sent);
 * `abandoned` (it left a worker of Drover's own later: no failure, but the worker may still be about to crash of the request).
 */
export type LeaseOutcome = "ok" | "failed" | "lost" | "refused" | "next" | "unused" | "abandoned";

export function isFailure(outcome: LeaseOutcome): boolean {
  return outcome === "failed" || outcome === "lost" || outcome === "refused";
}

/** A slot that a request holds on an upstream. */
export class Lease {
  readonly upstream: Upstream;
  readonly takenAtMs: number;
  /** After a connection was lost: resolves when it is known whether the worker crashed. */
  verdict: Promise<void> | undefined;
  /** Why this upstream; undefined where nobody asked. */
  readonly decision: PickDecision | undefined;
  readonly #onRelease: (lease: Lease, outcome: LeaseOutcome) => void;
  #held = true;
  #holder: ((outcome: LeaseOutcome) => void) | undefined;

  constructor(
    upstream: Upstream,
    takenAtMs: number,
    onRelease: (lease: Lease, outcome: LeaseOutcome) => void,
    decision?: PickDecision,
  ) {
    this.upstream = upstream;
    this.takenAtMs = takenAtMs;
    this.#onRelease = onRelease;
    this.decision = decision;
  }

  get held(): boolean {
    return this.#held;
  }

  /** `onReleased` is told how it ended: the slot is free then, and nobody else has it yet. */
  giveTo(onReleased: (outcome: LeaseOutcome) => void): void {
    this.#holder = onReleased;
  }

  /** For the pool, which has freed the slot. */
  tellHolder(outcome: LeaseOutcome): void {
    this.#holder?.(outcome);
  }

  /** Gives the slot back. Only the first call counts, so a `finally` may always call it. */
  release(outcome: LeaseOutcome): void {
    if (!this.#held) return;
    this.#held = false;
    this.#onRelease(this, outcome);
  }
}
