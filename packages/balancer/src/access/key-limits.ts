import { RateLimiterMemory, RateLimiterRes } from "rate-limiter-flexible";

export interface LimitRules {
  /** 0 is no limit. */
  readonly requestsPerMinute: number;
  /** Requests of one key at a time, waiting ones included; 0 is no limit. */
  readonly concurrency: number;
}

export type Entry =
  | { readonly kind: "entered"; leave(): void }
  | { readonly kind: "refused"; readonly reason: "rate" | "concurrency"; readonly retryAfterSeconds: number };

/** Counts what each key does; without keys, each client address. */
export class KeyLimits {
  readonly #rules: LimitRules;
  readonly #limiter: RateLimiterMemory | undefined;
  readonly #running = new Map<string, number>();

  constructor(rules: LimitRules) {
    this.#rules = rules;
    this.#limiter =
      rules.requestsPerMinute > 0
        ? new RateLimiterMemory({ points: rules.requestsPerMinute, duration: 60 })
        : undefined;
  }

  /** Whether there is anything to count. */
  get active(): boolean {
    return this.#limiter !== undefined || this.#rules.concurrency > 0;
  }

  /** `leave` must be called when the request is over. */
  async enter(owner: string): Promise<Entry> {
    const running = this.#running.get(owner) ?? 0;
    if (this.#rules.concurrency > 0 && running >= this.#rules.concurrency) {
      return { kind: "refused", reason: "concurrency", retryAfterSeconds: 1 };
    }
    // Counted before the wait below, so that requests of one moment cannot all pass.
    this.#running.set(owner, running + 1);
    const waitMs = await this.#waitMs(owner);
    if (waitMs === 0) return { kind: "entered", leave: () => this.#leave(owner) };
    this.#leave(owner);
    return { kind: "refused", reason: "rate", retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)) };
  }

  async #waitMs(owner: string): Promise<number> {
    try {
      await this.#limiter?.consume(owner);
      return 0;
    } catch (refusal) {
      if (refusal instanceof RateLimiterRes) return refusal.msBeforeNext;
      throw refusal;
    }
  }

  #leave(owner: string): void {
    const left = (this.#running.get(owner) ?? 1) - 1;
    if (left > 0) this.#running.set(owner, left);
    else this.#running.delete(owner);
  }
}
