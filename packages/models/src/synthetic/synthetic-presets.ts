import { SPECIAL_TOKENS, type SpecialTokens } from "./special-tokens.ts";

/** The published shapes of a model, and what surrounds its weights in the file. */
export interface SyntheticShape {
  readonly architecture: "llama" | "qwen2";
  readonly layers: number;
  readonly embeddingLength: number;
  readonly feedForwardLength: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly vocabularySize: number;
  readonly contextTokens: number;
  readonly ropeBase: number;
  readonly normEpsilon: number;
  /** Whether the output matrix is the embedding matrix. */
  readonly tied: boolean;
  /** llama.cpp's name of the rule that splits text before merging. */
  readonly preTokenizer: string;
  readonly addBos: boolean;
  readonly special: SpecialTokens;
  readonly gains: Gains;
}

/** How much larger than the usual 1 / sqrt(width) the deviation of these weights is. */
interface Gains {
  readonly embedding: number;
  readonly queryKey: number;
  /** Of attention's value and output matrices. */
  readonly value: number;
}

const PLAIN: Gains = { embedding: 1, queryKey: 1, value: 1 };

/**
 * Attention that picks a few tokens sharply, and weighs about as much as the last token: a changed early token then changes what follows
 * within some tokens, in contexts of any length, and the text does not fall into a loop.
 */
const ATTENTIVE: Gains = { embedding: 16, queryKey: 3, value: 3 };

/** No published model: the smallest one that is still a model, for tests. */
const TINY = {
  architecture: "qwen2",
  layers: 2,
  embeddingLength: 64,
  feedForwardLength: 128,
  heads: 4,
  kvHeads: 2,
  vocabularySize: 512,
  contextTokens: 8192,
  ropeBase: 10_000,
  normEpsilon: 1e-6,
  tied: false,
  preTokenizer: "qwen2",
  addBos: true,
  special: SPECIAL_TOKENS.deepseek,
  gains: ATTENTIVE,
} as const;

/** Models that `writeSyntheticModel` knows. Sources: their config.json on Hugging Face. */
export const SYNTHETIC_PRESETS = {
  "deepseek-r1-distill-qwen-1.5b": {
    architecture: "qwen2",
    layers: 28,
    embeddingLength: 1536,
    feedForwardLength: 8960,
    heads: 12,
    kvHeads: 2,
    vocabularySize: 151_936,
    contextTokens: 131_072,
    ropeBase: 10_000,
    normEpsilon: 1e-6,
    tied: false,
    preTokenizer: "deepseek-r1-qwen",
    addBos: true,
    special: SPECIAL_TOKENS.deepseek,
    gains: PLAIN,
  },
  "qwen2.5-0.5b": {
    architecture: "qwen2",
    layers: 24,
    embeddingLength: 896,
    feedForwardLength: 4864,
    heads: 14,
    kvHeads: 2,
    vocabularySize: 151_936,
    contextTokens: 32_768,
    ropeBase: 1_000_000,
    normEpsilon: 1e-6,
    tied: true,
    preTokenizer: "qwen2",
    addBos: false,
    special: SPECIAL_TOKENS.qwen,
    gains: PLAIN,
  },
  "llama-3.2-1b": {
    architecture: "llama",
    layers: 16,
    embeddingLength: 2048,
    feedForwardLength: 8192,
    heads: 32,
    kvHeads: 8,
    vocabularySize: 128_256,
    contextTokens: 131_072,
    ropeBase: 500_000,
    normEpsilon: 1e-5,
    tied: true,
    preTokenizer: "llama-bpe",
    addBos: true,
    special: SPECIAL_TOKENS.llama,
    gains: PLAIN,
  },
  tiny: TINY,
  /** The same with the vocabulary of a real one: what a grammar costs depends on little else. */
  "tiny-152k": { ...TINY, vocabularySize: 151_936, addBos: false, special: SPECIAL_TOKENS.qwen },
} as const satisfies Record<string, SyntheticShape>;

export type SyntheticPreset = keyof typeof SYNTHETIC_PRESETS;
