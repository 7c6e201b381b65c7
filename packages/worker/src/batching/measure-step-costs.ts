import type { Time } from "@drover/foundation/clock";
import type { BatchPart, Engine } from "../engine/engine.ts";
import { roundMs, suspiciousSizes } from "./step-cost-shape.ts";
import type { CostPoint } from "./step-costs.ts";

/** Passes go on until this much was spent; the first two are always whole. */
const BUDGET_MS = 3000;
const LEAST_PASSES = 2;
const MOST_PASSES = 5;

/** A decode that takes so long by itself is measured once: it meets as much of what else goes on as the next one. */
const LONG_MS = 2000;

/** So often are sizes measured once more that look disturbed. */
const MOST_REPEATS = 3;

/** Sizes of prompt pieces, beside the 1 … S tokens of decoding. */
const PROMPT_SIZES = [16, 32, 64];

/**
 * Times llama.cpp's decode of 1 … S neighbouring sequences, and of pieces of a prompt. The best of several passes
 * counts: whatever else the machine did can only add. Each pass goes over all sizes, so that between two decodes of one
 * lies the time of all others, and a burst of foreign load does not meet it each time. All sequences must be empty, and are again afterwards.
 *
 * @param mostMs gives up where it takes longer
 * @returns undefined: given up
 */
export async function measureStepCosts(
  engine: Engine,
  clock: Time,
  mostMs = Number.POSITIVE_INFINITY,
): Promise<readonly CostPoint[] | undefined> {
  const decoding = Array.from({ length: engine.sequences }, (_, index) => index + 1);
  const prompts = PROMPT_SIZES.filter(
    (tokens) => tokens > engine.sequences && tokens <= Math.min(engine.batchTokens, engine.contextTokens),
  );
  const times = await openTimes(engine, clock);
  const start = clock.monotonicMs();
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const must = pass < LEAST_PASSES;
    if (!must && clock.monotonicMs() - start >= BUDGET_MS) break;
    const sizes = [...decoding, ...(must ? prompts : [])].filter((tokens) => (times.best(tokens) ?? 0) < LONG_MS);
    for (const tokens of sizes) {
      await times.take(tokens);
      if (clock.monotonicMs() - start > mostMs) return undefined;
    }
  }
  for (let repeat = 0; repeat < MOST_REPEATS; repeat++) {
    for (const tokens of suspiciousSizes(times.points())) await times.take(tokens);
  }
  return times.points();
}

/** A quick look takes at most this long, after the first two passes. */
const LOOK_BUDGET_MS = 300;
const LOOK_PASSES = 3;

/** A larger model's step is long enough to look at once: its worker should not start late for it. */
const LOOK_LONG_MS = 500;

/** Times the smallest and the largest step again: enough to tell whether a stored table still holds. */
export async function lookAtStepCosts(engine: Engine, clock: Time): Promise<readonly CostPoint[]> {
  const sizes = [...new Set([1, engine.sequences])];
  const times = await openTimes(engine, clock);
  const start = clock.monotonicMs();
  for (let pass = 0; pass < LOOK_PASSES; pass++) {
    if (pass >= LEAST_PASSES && clock.monotonicMs() - start >= LOOK_BUDGET_MS) break;
    for (const tokens of sizes) if ((times.best(tokens) ?? 0) < LOOK_LONG_MS) await times.take(tokens);
  }
  return times.points();
}

/** The best time of each size. Up to one token a sequence they are decoded side by side, beyond as a piece of a prompt. */
async function openTimes(engine: Engine, clock: Time) {
  const best = new Map<number, number>();
  const decode = async (tokens: number) => {
    const parts = tokens <= engine.sequences ? neighbours(tokens) : [piece(tokens)];
    await engine.decode(parts);
    return () => parts.forEach(({ sequence }) => engine.cut(sequence, 0));
  };
  // Reserves memory and reads the weights for the first time.
  (await decode(engine.sequences))();
  return {
    best: (tokens: number) => best.get(tokens),
    async take(tokens: number): Promise<void> {
      const start = clock.monotonicMs();
      const clear = await decode(tokens);
      best.set(tokens, Math.min(clock.monotonicMs() - start, best.get(tokens) ?? Number.POSITIVE_INFINITY));
      clear();
    },
    points: (): readonly CostPoint[] =>
      [...best].map(([tokens, ms]) => ({ tokens, ms: roundMs(ms) })).toSorted((a, b) => a.tokens - b.tokens),
  };
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
