import assert from "node:assert/strict";
import type { Generated } from "./generate-tokens.ts";

/**
 * Log-probabilities nearer than this may change places. Kernels for one token and for several add in another order, so what a
 * step computes depends a little on its composition, and on the CPU: by 0.003 for the models of these tests in f16 (0.03 with a
 * sliding window), on AVX2 and AVX-512.
 */
const NEAR = 0.1;

/**
 * Two greedy generations are the same text, up to where its two most likely tokens were too near to tell: from there on there
 * are two right ones. `expected` has to have been asked for two `topLogprobs` at least.
 *
 * @returns how many tokens are the same
 */
export function assertSameText(actual: readonly number[], expected: Generated, what: string): number {
  const differs = actual.findIndex((token, index) => token !== expected.tokens[index]);
  if (differs < 0) return actual.length;
  const [best, second] = expected.details[differs]?.topLogprobs ?? [];
  const lead = (best?.logprob ?? 0) - (second?.logprob ?? Number.NEGATIVE_INFINITY);
  assert.ok(lead < NEAR, `${what}: token ${differs} is ${actual[differs]}, not ${best?.token}, which leads by ${lead}`);
  return differs;
}
