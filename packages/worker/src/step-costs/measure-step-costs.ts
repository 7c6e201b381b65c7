import type { Time } from "@drover/foundation/clock";
import type { BatchPart, Engine } from "../engine/engine.ts";
import { suspiciousSizes } from "./step-cost-shape.ts";
import { type CostPoint, roundMs, stairsOf } from "@drover/contract/step-costs";

/** Passes go on until this much was spent; the first two are always whole. */
const BUDGET_MS = 3000;
const LEAST_PASSES = 2;
const MOST_PASSES = 5;

/** A decode that takes so long by itself is measured once: it meets as much of what else goes on as the next one. */
const LONG_MS = 2000;

/** So often are sizes measured once more that look disturbed. */
const MOST_REPEATS = 3;

/** Two halvings below the size from which on a token costs the same, and what tells whether kernels take 32 tokens at a time. */
const PROMPT_SIZES = [16, 32, 33, 64];
/** Measured too where they seem to. */
const TILED_SIZES = [65, 96];

/** What a rough table has of the sizes for decoding: enough to compare numbers of threads, and soon measured. */
const isRoughSize = (tokens: number, most: number): boolean => tokens === most || (tokens & (tokens - 1)) === 0;

export interface MeasureOptions {
  /** Gives up where it takes longer. @default no limit */
  readonly mostMs?: number | undefined;
  /** Leaves out all sizes of decoding but the powers of two and the largest. @default false */
  readonly isRough?: boolean;
  /** Wraps each decode with what belongs to it. What it throws ends the measurement. @default calls it */
  readonly inTurn?: <T>(work: () => Promise<T>) => Promise<T>;
  /** Tokens that a sequence holds, behind which it is measured. @default 0 */
  readonly heldTokens?: (sequence: number) => number;
  /** Sizes of prompt pieces, beside the 1 … S tokens of decoding; those up to S and those that no slot holds are left out. @default 16, 32, 33, 64 */
  readonly promptSizes?: readonly number[];
  /** Of the times of one size, its cost. @default the least: whatever else the machine did can only add */
  readonly statistic?: (times: readonly number[]) => number;
}

/**
 * Times llama.cpp's decode of 1 … S neighbouring sequences, and of pieces of a prompt. Each pass goes over all sizes, so that between two decodes of one
 * lies the time of all others, and a burst of foreign load does not meet it each time. The sequences hold what they held afterwards.
 *
 * @returns undefined: given up
 */
export async function measureStepCosts(
  engine: Engine,
  clock: Time,
  options: MeasureOptions = {},
): Promise<readonly CostPoint[] | undefined> {
  const { mostMs = Number.POSITIVE_INFINITY, isRough = false } = options;
  const { decoding, prompts, tiled } = sizesOf(engine, options);
  const times = await openTimes(engine, clock, options);
  const start = clock.monotonicMs();
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const must = pass < LEAST_PASSES;
    if (!must && (isRough || clock.monotonicMs() - start >= BUDGET_MS)) break;
    const sizes = [...decoding, ...(must ? prompts : [])].filter((tokens) => !isLong(times.best(tokens), LONG_MS));
    for (const tokens of sizes) {
      await times.take(tokens);
      if (clock.monotonicMs() - start > mostMs) return undefined;
    }
  }
  const repeats = isRough ? 0 : MOST_REPEATS;
  for (let repeat = 0; repeat < repeats; repeat++) {
    for (const tokens of suspiciousSizes(times.points())) await times.take(tokens);
  }
  // By the final times of the others, so that the table is complete.
  const stairs = isRough ? [] : tiled(times.points());
  for (let pass = 0; pass < LEAST_PASSES; pass++) for (const tokens of stairs) await times.take(tokens);
  return times.points();
}

/** Whether a table has all sizes that are measured here. */
export function isComplete(engine: Engine, table: readonly CostPoint[]): boolean {
  const known = new Set(table.map(({ tokens }) => tokens));
  const { decoding, prompts, tiled } = sizesOf(engine, {});
  return [...decoding, ...prompts, ...tiled(table)].every((tokens) => known.has(tokens));
}

function sizesOf(engine: Engine, { isRough = false, promptSizes = PROMPT_SIZES }: MeasureOptions) {
  const all = Array.from({ length: engine.sequences }, (_, index) => index + 1);
  const most = Math.min(engine.batchTokens, engine.contextTokens);
  const asPrompts = (sizes: readonly number[]) => sizes.filter((tokens) => tokens > engine.sequences && tokens <= most);
  const prompts = asPrompts(promptSizes);
  const tiled = (points: readonly CostPoint[]) => (stairsOf(points).length > 0 ? asPrompts(TILED_SIZES) : []);
  if (!isRough) return { decoding: all, prompts, tiled };
  return { decoding: all.filter((tokens) => isRoughSize(tokens, engine.sequences)), prompts: prompts.slice(-1), tiled };
}

/** A quick look takes at most this long, after the first two passes. */
const LOOK_BUDGET_MS = 300;
const LOOK_PASSES = 3;

/** A larger model's step is long enough to look at once: its worker should not start late for it. */
const LOOK_LONG_MS = 500;

/** Times the smallest and the largest step again: enough to tell whether a stored table still holds. */
export async function lookAtStepCosts(
  engine: Engine,
  clock: Time,
  options: Pick<MeasureOptions, "inTurn"> = {},
): Promise<readonly CostPoint[]> {
  const sizes = [...new Set([1, engine.sequences])];
  const times = await openTimes(engine, clock, options);
  const start = clock.monotonicMs();
  for (let pass = 0; pass < LOOK_PASSES; pass++) {
    if (pass >= LEAST_PASSES && clock.monotonicMs() - start >= LOOK_BUDGET_MS) break;
    for (const tokens of sizes) if (!isLong(times.best(tokens), LOOK_LONG_MS)) await times.take(tokens);
  }
  return times.points();
}

/** The times of each size. Up to one token a sequence they are decoded side by side, beyond as a piece of a prompt. */
async function openTimes(engine: Engine, clock: Time, options: MeasureOptions) {
  const { inTurn = (work) => work(), heldTokens = () => 0, statistic = leastOf } = options;
  const times = new Map<number, number[]>();
  const decode = async (tokens: number): Promise<number> =>
    await inTurn(async () => {
      const parts = tokens <= engine.sequences ? neighbours(tokens, heldTokens) : [piece(tokens, heldTokens(0))];
      const start = clock.monotonicMs();
      await engine.decode(parts);
      const tookMs = clock.monotonicMs() - start;
      for (const { sequence, position } of parts) engine.cut(sequence, position);
      return tookMs;
    });
  // Reserves memory and reads the weights for the first time.
  await decode(engine.sequences);
  return {
    best: (tokens: number) => leastOf(times.get(tokens) ?? []),
    async take(tokens: number): Promise<void> {
      const ms = await decode(tokens);
      times.set(tokens, [...(times.get(tokens) ?? []), ms]);
    },
    points: (): readonly CostPoint[] =>
      [...times]
        .map(([tokens, taken]) => ({ tokens, ms: roundMs(statistic(taken)) }))
        .toSorted((a, b) => a.tokens - b.tokens),
  };
}

/** @param bestMs Infinity: not measured yet */
const isLong = (bestMs: number, mostMs: number): boolean => Number.isFinite(bestMs) && bestMs >= mostMs;

const leastOf = (times: readonly number[]): number => Math.min(...times);

function neighbours(count: number, heldTokens: (sequence: number) => number): readonly BatchPart[] {
  return Array.from({ length: count }, (_, sequence) => ({
    sequence,
    position: heldTokens(sequence),
    tokens: [0],
    logits: "last" as const,
  }));
}

/** As the last one of a prompt. */
function piece(tokens: number, position: number): BatchPart {
  return { sequence: 0, position, tokens: Array.from({ length: tokens }, () => 0), logits: "last" };
}
