import type { Vocabulary } from "../../engine/engine.ts";

/** Prefix, suffix and middle marks of the families that were trained to fill in: Qwen, DeepSeek, CodeLlama, StarCoder, Codestral has none. */
const FAMILIES = [
  ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"],
  ["<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"],
  ["<fim_prefix>", "<fim_suffix>", "<fim_middle>"],
  ["▁<PRE>", "▁<SUF>", "▁<MID>"],
] as const;

/** The prompt that asks for the text between `prefix` and `suffix`; undefined where the model has no such tokens. */
export function infillPrompt(
  vocabulary: Vocabulary,
  prefix: readonly number[],
  suffix: readonly number[],
): number[] | undefined {
  for (const family of FAMILIES) {
    const marks = family.map((mark) => vocabulary.tokenize(mark, "control"));
    const [begin, hole, end] = marks;
    if (begin?.length !== 1 || hole?.length !== 1 || end?.length !== 1) continue;
    return [...begin, ...prefix, ...hole, ...suffix, ...end];
  }
  return undefined;
}
