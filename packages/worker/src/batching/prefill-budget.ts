import type { Slowness } from "./slowness.ts";
import type { StepCosts } from "./step-costs.ts";

/** Tokens of prompts in a step where nothing is known of costs and someone is decoding. */
const UNMEASURED_BUDGET = 64;

/** However slow the machine is, prompts go on by this many tokens a step. */
const LEAST_TOKENS = 4;

/** A step with prompts takes at most this many times the step without: a tenth under 2.5, since costs are estimates … */
const MOST_SLOWDOWN = 2.2;

/** … unless that is less than this share of the target: small pieces cost more a token. */
const LEAST_TARGET_SHARE = 0.8;

/** Steps without decoding slots may take this many targets: nobody waits for a token, but a newcomer for the step's end. */
const ALONE_TARGETS = 4;

/** What the prompts of one step may take. */
export interface PrefillBudget {
  readonly tokens: number;
  /** By the table of costs. Infinity: nothing is known of them. */
  readonly ms: number;
}

/**
 * What prompts may take of the next step, so that the time between two tokens of the running answers stays bounded: by
 * the target, and relative to what they have without prompts.
 */
export function prefillBudget(step: {
  /** By the table; 0: none is decoding. */
  readonly decodeMs: number;
  readonly targetMs: number;
  readonly measured: boolean;
  readonly slowness: Slowness;
  readonly batchTokens: number;
  readonly decoding: number;
}): PrefillBudget {
  const { targetMs, slowness } = step;
  const room = step.batchTokens - step.decoding;
  if (!step.measured) {
    const tokens = step.decoding === 0 ? room : Math.min(room, UNMEASURED_BUDGET);
    return { tokens, ms: Number.POSITIVE_INFINITY };
  }
  const decodeMs = slowness.decode * step.decodeMs;
  const limitMs =
    step.decoding === 0 ? ALONE_TARGETS * targetMs : Math.max(LEAST_TARGET_SHARE * targetMs, MOST_SLOWDOWN * decodeMs);
  return { tokens: room, ms: (limitMs - decodeMs) / slowness.prompt };
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
 * each fourth step, which the oldest opens. One after another rather than evenly: small pieces cost more a token. Each
 * piece is a group of its own and costs what its size does; the first goes on whatever it costs.
 *
 * @returns tokens by slot; slots without any are left out
 */
export function sharePrefill(
  prompts: readonly WaitingPrompt[],
  budget: PrefillBudget,
  costs: StepCosts | undefined,
  turn: number,
): ReadonlyMap<number, number> {
  const shares = new Map<number, number>();
  let { tokens: left, ms: leftMs } = budget;
  for (const { slot, remaining } of inOrder(prompts, turn)) {
    const fitting = costs === undefined ? left : pieceWithin(leftMs, costs);
    const tokens = Math.min(remaining, left, shares.size === 0 ? Math.max(LEAST_TOKENS, fitting) : fitting);
    if (tokens <= 0) continue;
    shares.set(slot, tokens);
    left -= tokens;
    leftMs -= costs?.groupMs(tokens) ?? 0;
  }
  return shares;
}

/** llama.cpp's kernels for quantized weights take so many tokens at a time; a remainder costs nearly as much. */
const KERNEL_TOKENS = 4;

/** Where the CPU has kernels for so many, what lies between two multiples costs as much as the next one. */
const WIDE_KERNEL_TOKENS = 16;

/** The wide kernels are there where a step of 16 costs at most this share of two steps of 8. */
const WIDE_SHARE = 0.9;

/** Most tokens of a prompt within `ms`, of a size that the kernels like. */
function pieceWithin(ms: number, costs: StepCosts): number {
  const half = WIDE_KERNEL_TOKENS / 2;
  const wide = costs.groupMs(WIDE_KERNEL_TOKENS) <= WIDE_SHARE * 2 * costs.groupMs(half);
  const fitting = costs.tokensWithin(ms);
  if (!wide) return fitting - (fitting % KERNEL_TOKENS);
  if (fitting >= WIDE_KERNEL_TOKENS) return fitting - (fitting % WIDE_KERNEL_TOKENS);
  const narrow = Math.min(fitting, half);
  return narrow - (narrow % KERNEL_TOKENS);
}

function inOrder(prompts: readonly WaitingPrompt[], turn: number): readonly WaitingPrompt[] {
  const order = prompts.toSorted((a, b) => a.remaining - b.remaining || a.age - b.age);
  if (turn % OLDEST_EVERY !== 0 || order.length === 0) return order;
  const oldest = order.reduce((oldest, prompt) => (prompt.age < oldest.age ? prompt : oldest));
  return [oldest, ...order.filter((prompt) => prompt !== oldest)];
}
