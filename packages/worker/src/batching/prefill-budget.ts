import type { StepCosts } from "./step-costs.ts";

/** Tokens of prompts in a step where nothing is known of costs and someone is decoding. */
const UNMEASURED_BUDGET = 64;

/** However slow the machine is, prompts go on by this many tokens a step. */
const LEAST_BUDGET = 4;

/** A step with prompts takes at most this many times the step without … */
const MOST_SLOWDOWN = 2.2;

/** … unless that is less than this share of the target: small pieces cost more a token. */
const LEAST_TARGET_SHARE = 0.8;

/** Where decoding alone takes most of the target, prompts still get this share of its time. */
const LEAST_DECODE_SHARE = 0.75;

/** llama.cpp's kernels for quantized weights take this many tokens at a time; a remainder costs nearly as much. */
const KERNEL_TOKENS = 4;

/** Steps without decoding slots may take this many targets: nobody waits for a token, but a newcomer for the step's end. */
const ALONE_TARGETS = 4;

/**
 * Prompt tokens that the next step may evaluate, so that the time between two tokens of the running answers stays
 * bounded.
 */
export function prefillBudget(step: {
  /** Estimated cost of the decoding slots; 0: none is decoding. */
  readonly decodeMs: number;
  readonly targetMs: number;
  readonly costs: StepCosts | undefined;
  /** The machine's time over the costs' time, lately. */
  readonly slowness: number;
  readonly batchTokens: number;
  readonly decoding: number;
}): number {
  const room = step.batchTokens - step.decoding;
  const { costs, decodeMs, targetMs } = step;
  if (costs === undefined) return step.decoding === 0 ? room : Math.min(room, UNMEASURED_BUDGET);
  const limitMs =
    step.decoding === 0
      ? ALONE_TARGETS * targetMs
      : Math.max(
          Math.min(targetMs, Math.max(LEAST_TARGET_SHARE * targetMs, MOST_SLOWDOWN * decodeMs)),
          (1 + LEAST_DECODE_SHARE) * decodeMs,
        );
  const fitting = costs.tokensWithin((limitMs - decodeMs) / step.slowness);
  return Math.min(room, Math.max(LEAST_BUDGET, fitting - (fitting % KERNEL_TOKENS)));
}

export interface WaitingPrompt {
  readonly slot: number;
  readonly remaining: number;
  /** Lower is older. */
  readonly age: number;
}

/** Every so many steps the oldest prompt comes first, so that short ones can't starve it. */
const OLDEST_EVERY = 4;

/**
 * Shares the budget: the prompt with the fewest tokens left comes first, because it is the sooner answered, except for
 * each fourth step, which the oldest opens. One after another rather than evenly: small pieces cost more a token.
 *
 * @returns tokens by slot; slots without any are left out
 */
export function sharePrefill(
  prompts: readonly WaitingPrompt[],
  budget: number,
  turn: number,
): ReadonlyMap<number, number> {
  const order = prompts.toSorted((a, b) => a.remaining - b.remaining || a.age - b.age);
  if (turn % OLDEST_EVERY === 0) {
    const oldest = prompts.reduce<WaitingPrompt | undefined>(
      (oldest, prompt) => (oldest === undefined || prompt.age < oldest.age ? prompt : oldest),
      undefined,
    );
    if (oldest !== undefined) order.splice(0, 0, ...order.splice(order.indexOf(oldest), 1));
  }
  const shares = new Map<number, number>();
  let left = budget;
  for (const { slot, remaining } of order) {
    const tokens = Math.min(remaining, left);
    if (tokens > 0) shares.set(slot, tokens);
    left -= tokens;
  }
  return shares;
}
