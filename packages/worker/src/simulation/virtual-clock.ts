import { setImmediate as settled } from "node:timers/promises";
import type { Clock, Time } from "@drover/foundation/clock";

/** A clock that stands still while code runs and jumps from one awaited moment to the next: an hour of load takes a second. */
export class VirtualClock implements Time, Pick<Clock, "after"> {
  #nowMs = 0;
  #order = 0;
  readonly #waiting: { readonly atMs: number; readonly order: number; readonly wake: () => void }[] = [];

  epochMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  /** Resolves at a moment; those who wait for the same one are woken in the order in which they came. */
  until(atMs: number): Promise<void> {
    return new Promise((wake) => {
      const entry = { atMs: Math.max(atMs, this.#nowMs), order: this.#order++, wake };
      const before = this.#waiting.findLastIndex((other) => other.atMs <= entry.atMs);
      this.#waiting.splice(before + 1, 0, entry);
    });
  }

  after(delayMs: number, action: () => void): () => void {
    let cancelled = false;
    const call = async () => {
      await this.wait(delayMs);
      if (!cancelled) action();
    };
    void call();
    return () => {
      cancelled = true;
    };
  }

  wait(ms: number): Promise<void> {
    return this.until(this.#nowMs + ms);
  }

  /** Moves on until `endMs`, or until nobody waits. */
  async run(endMs: number): Promise<void> {
    for (;;) {
      await settled();
      const next = this.#waiting[0];
      if (next === undefined || next.atMs > endMs) break;
      this.#waiting.shift();
      this.#nowMs = next.atMs;
      next.wake();
    }
    this.#nowMs = Math.max(this.#nowMs, endMs);
  }
}
