import type { Time } from "@drover/foundation/clock";

/** What is counted over a time. */
export type Measure = "requestsPerMinute" | "tokensPerMinute" | "tokensPerDay";

interface Window {
  readonly endMs: number;
  used: number;
}

/** More owners are looked through for those whose time is over. */
const FEW_OWNERS = 1024;

/** What each owner has used since its first use of the last so many milliseconds. */
export class UsageWindow {
  readonly #lengthMs: number;
  readonly #clock: Time;
  readonly #windows = new Map<string, Window>();
  #sweepAt = FEW_OWNERS;

  constructor(lengthMs: number, clock: Time) {
    this.#lengthMs = lengthMs;
    this.#clock = clock;
  }

  used(owner: string): number {
    return this.#now(owner)?.used ?? 0;
  }

  /** Until it begins with nothing again. */
  resetMs(owner: string): number {
    const window = this.#now(owner);
    return window === undefined ? 0 : window.endMs - this.#clock.monotonicMs();
  }

  /** A negative amount corrects an earlier one, of which a window that has ended keeps nothing. */
  add(owner: string, amount: number): void {
    const window = this.#now(owner);
    if (window !== undefined) {
      window.used += amount;
      if (window.used <= 0) this.#windows.delete(owner);
    } else if (amount > 0) {
      this.#sweep();
      this.#windows.set(owner, { endMs: this.#clock.monotonicMs() + this.#lengthMs, used: amount });
    }
  }

  #now(owner: string): Window | undefined {
    const window = this.#windows.get(owner);
    return window !== undefined && window.endMs > this.#clock.monotonicMs() ? window : undefined;
  }

  /** Owners are addresses where there are no keys, and those come and go. */
  #sweep(): void {
    if (this.#windows.size < this.#sweepAt) return;
    const now = this.#clock.monotonicMs();
    for (const [owner, { endMs }] of this.#windows) if (endMs <= now) this.#windows.delete(owner);
    this.#sweepAt = Math.max(FEW_OWNERS, 2 * this.#windows.size);
  }
}
