import type { Upstream } from "./upstream.ts";

/** Who waits until an upstream has no request any more. */
export class Drains {
  readonly #waiting = new Map<string, (() => void)[]>();

  /** Resolves when its last lease is released. */
  until(upstream: Upstream): Promise<void> {
    if (upstream.conns === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.set(upstream.id, [...(this.#waiting.get(upstream.id) ?? []), resolve]);
    });
  }

  /** To be told of each release. */
  settle(upstream: Upstream): void {
    if (upstream.conns > 0) return;
    const waiting = this.#waiting.get(upstream.id) ?? [];
    this.#waiting.delete(upstream.id);
    for (const resolve of waiting) resolve();
  }
}
