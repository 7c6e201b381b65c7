import type { MetadataValue } from "../gguf/gguf-reader.ts";

/** Which layers see only the last tokens, and how many. */
export interface SlidingLayers {
  readonly slidingWindowTokens: number | undefined;
  readonly slidingLayers: readonly boolean[];
}

/** Every n-th layer of these sees the entire context, the others a window. Source: llama.cpp llama-model.cpp `set_swa_pattern`. */
const PERIODS = new Map([
  ["gemma2", 2],
  ["gemma3", 6],
  ["gemma3n", 5],
  ["cohere2", 4],
  ["gpt-oss", 2],
  ["exaone4", 4],
]);

/**
 * Reads a model's sliding-window attention. Where the pattern is unknown every layer counts as seeing the entire context: that
 * overestimates memory, which is the safe side.
 */
export function slidingLayers(
  architecture: string,
  layers: number,
  windowTokens: number | undefined,
  pattern: MetadataValue | undefined,
): SlidingLayers {
  const length = Math.min(layers, 4096);
  const none = Array.from({ length }, () => false);
  if (windowTokens === undefined || windowTokens <= 0) return { slidingWindowTokens: undefined, slidingLayers: none };
  const period = typeof pattern === "number" ? pattern : PERIODS.get(architecture);
  const sliding = Array.isArray(pattern)
    ? none.map((_, layer) => Boolean(pattern[layer]))
    : none.map((_, layer) => period !== undefined && period > 1 && layer % period < period - 1);
  const some = sliding.includes(true);
  return { slidingWindowTokens: some ? windowTokens : undefined, slidingLayers: sliding };
}
