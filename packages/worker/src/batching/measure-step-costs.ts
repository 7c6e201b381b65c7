import type { Clock } from "../clock.ts";
import type { BatchPart, Engine } from "../engine/engine.ts";
import type { CostPoint } from "./step-costs.ts";

/** Passes go on until this much was spent; the first is always whole. */
const BUDGET_MS = 3000;
const MOST_PASSES = 5;

/** Sizes of prompt pieces, beside the 1 … S tokens of decoding. */
const PROMPT_SIZES = [16, 32, 64];

/**
 * Times llama.cpp's decode of 1 … S neighbouring sequences, and of pieces of a prompt. The best of several passes
 * counts: whatever else the machine did can only add. All sequences must be empty, and are again afterwards.
 */
export async function measureStepCosts(engine: Engine, clock: Clock): Promise<readonly CostPoint[]> {
  const sizes = Array.from({ length: engine.sequences }, (_, index) => index + 1);
  const prompts = PROMPT_SIZES.filter(
    (tokens) => tokens > engine.sequences && tokens <= Math.min(engine.batchTokens, engine.contextTokens),
  );
  const best = new Map<number, number>();
  const time = async (parts: readonly BatchPart[], tokens: number): Promise<void> => {
    const start = clock.monotonicMs();
    await engine.decode(parts);
    best.set(tokens, Math.min(clock.monotonicMs() - start, best.get(tokens) ?? Number.POSITIVE_INFINITY));
    for (const { sequence } of parts) engine.cut(sequence, 0);
  };
  await engine.decode(neighbours(engine.sequences)); // Reserves memory and reads the weights for the first time.
  for (const size of sizes) engine.cut(size - 1, 0);
  const start = clock.monotonicMs();
  for (let pass = 0; pass < MOST_PASSES && (pass === 0 || clock.monotonicMs() - start < BUDGET_MS); pass++) {
    for (const size of sizes) await time(neighbours(size), size);
    for (const tokens of pass === 0 ? prompts : []) await time([piece(tokens)], tokens);
  }
  return [...best]
    .map(([tokens, ms]) => ({ tokens, ms: Math.round(ms * 100) / 100 }))
    .toSorted((a, b) => a.tokens - b.tokens);
}

function neighbours(count: number): readonly BatchPart[] {
  return Array.from({ length: count }, (_, sequence) => ({
    sequence,
    position: 0,
    tokens: [0],
    logits: "last" as const,
  }));
}

function piece(tokens: number): BatchPart {
  return { sequence: 0, position: 0, tokens: Array.from({ length: tokens }, () => 0), logits: "none" };
}
