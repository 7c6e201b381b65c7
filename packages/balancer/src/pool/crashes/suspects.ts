import type { Clock } from "@drover/foundation/clock";
import type { Upstream } from "../upstream.ts";

/** A process's end is known within milliseconds; a machine that is out of breath may take longer. */
const suspicionMs = 1000;

/**
 * Workers that lost a connection a moment ago: each is probably dead, and its supervisor about to say so. Until then whoever has tried it may wait
 * for what comes. One that is not taken out of service in time lives, and may be tried again.
 */
export class Suspects {
  readonly #clock: Clock;
  readonly #onCleared: () => void;
  /** With the life that lost the connection. */
  readonly #upstreams = new Map<Upstream, number>();

  constructor(clock: Clock, onCleared: () => void) {
    this.#clock = clock;
    this.#onCleared = onCleared;
  }

  has(upstream: Upstream): boolean {
    return this.#upstreams.get(upstream) === upstream.generation;
  }

  /**
   * Nothing for a server that is not Drover's own: there nobody knows better than nginx's rules.
   * @param generation the life of the worker that lost the connection; its successor is no suspect
   */
  add(upstream: Upstream, generation: number): void {
    if (!upstream.owned || !upstream.ready || generation !== upstream.generation || this.has(upstream)) return;
    this.#upstreams.set(upstream, generation);
    this.#clock.after(suspicionMs, () => {
      if (this.#upstreams.get(upstream) === generation) this.#upstreams.delete(upstream);
      if (upstream.ready && upstream.generation === generation) upstream.generation += 1;
      this.#onCleared();
    });
  }
}
