import type { Time } from "@drover/foundation/clock";
import { MovingAverage } from "@drover/foundation/moving-average";
import type { KeyLimitRules } from "../request/client-request.ts";
import { rateLimitFields } from "./rate-limit-fields.ts";
import { type Measure, UsageWindow } from "./usage-window.ts";

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** Taken for the tokens of a request until some are known. */
const UNKNOWN_TOKENS = 256;

export interface Asking {
  /** It will take tokens. */
  readonly generates: boolean;
  /** The owner is a key, and no address. */
  readonly hasKey: boolean;
}

export interface Entered {
  readonly kind: "entered";
  /** `x-ratelimit-*`, for the response. */
  readonly fields: readonly string[];
  /** To be called when the request is over. */
  leave(): void;
  /** What it took; undefined: nobody knows, and it counts as what requests usually take. */
  settle(tokens: number | undefined): void;
}

export interface Refused {
  readonly kind: "refused";
  readonly reason: Measure | "concurrency";
  readonly limit: number;
  readonly retryAfterMs: number;
  readonly fields: readonly string[];
}

/** What one owner uses now, of how much; 0 is no limit. */
export type Use = Readonly<Record<keyof KeyLimitRules, { readonly used: number; readonly limit: number }>>;

/** Counts what each key does; without keys, each client address. A reload changes the limits and keeps the counts. */
export class KeyLimits {
  readonly #windows: Readonly<Record<Measure, UsageWindow>>;
  readonly #running = new Map<string, number>();
  readonly #meanTokens = new MovingAverage(0.1);

  constructor(clock: Time) {
    this.#windows = {
      requestsPerMinute: new UsageWindow(MINUTE_MS, clock),
      tokensPerMinute: new UsageWindow(MINUTE_MS, clock),
      tokensPerDay: new UsageWindow(DAY_MS, clock),
    };
  }

  /**
   * What tokens a request takes is known when it ends; until then it counts as what requests usually take, so that many at once can't pass a limit together.
   * Of addresses only what has a limit is counted: there may be millions in a day.
   */
  enter(owner: string, rules: KeyLimitRules, { generates, hasKey }: Asking): Entered | Refused {
    const running = this.#running.get(owner) ?? 0;
    if (rules.concurrency > 0 && running >= rules.concurrency) {
      return this.#refuse(owner, rules, "concurrency", 1000);
    }
    for (const measure of generates ? allMeasures : requestMeasures) {
      const limit = rules[measure];
      if (limit > 0 && this.#windows[measure].used(owner) >= limit) {
        return this.#refuse(owner, rules, measure, this.#windows[measure].resetMs(owner));
      }
    }
    this.#running.set(owner, running + 1);
    const expected = generates ? (this.#meanTokens.value ?? UNKNOWN_TOKENS) : 0;
    const count = (measure: Measure, amount: number) => {
      if (hasKey || rules[measure] > 0) this.#windows[measure].add(owner, amount);
    };
    const countTokens = (tokens: number) => {
      count("tokensPerMinute", tokens);
      count("tokensPerDay", tokens);
    };
    count("requestsPerMinute", 1);
    countTokens(expected);
    return {
      kind: "entered",
      fields: rateLimitFields(rules, this.#windows, owner),
      leave: () => this.#leave(owner),
      settle: (tokens) => {
        if (tokens === undefined) return;
        countTokens(tokens - expected);
        if (tokens > 0) this.#meanTokens.add(tokens);
      },
    };
  }

  useOf(owner: string, rules: KeyLimitRules): Use {
    const use = (measure: Measure) => ({ used: Math.round(this.#windows[measure].used(owner)), limit: rules[measure] });
    return {
      concurrency: { used: this.#running.get(owner) ?? 0, limit: rules.concurrency },
      requestsPerMinute: use("requestsPerMinute"),
      tokensPerMinute: use("tokensPerMinute"),
      tokensPerDay: use("tokensPerDay"),
    };
  }

  #refuse(owner: string, rules: KeyLimitRules, reason: Refused["reason"], retryAfterMs: number): Refused {
    const fields = rateLimitFields(rules, this.#windows, owner);
    return { kind: "refused", reason, limit: rules[reason], retryAfterMs, fields };
  }

  #leave(owner: string): void {
    const left = (this.#running.get(owner) ?? 1) - 1;
    if (left > 0) this.#running.set(owner, left);
    else this.#running.delete(owner);
  }
}

const requestMeasures: readonly Measure[] = ["requestsPerMinute"];
const allMeasures: readonly Measure[] = ["requestsPerMinute", "tokensPerMinute", "tokensPerDay"];
