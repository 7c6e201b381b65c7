import type { ModelInfo } from "@drover/models";

/** What `readModelInfo` says of DeepSeek R1 Distill Qwen 1.5B in Q4_K_M, with the layers' matrices of each encoding as one tensor. */
export const DISTILL_MODEL: ModelInfo = {
  path: "/models/deepseek-r1-distill-qwen-1.5b.q4_k_m.gguf",
  parts: 1,
  architecture: "qwen2",
  name: "DeepSeek R1 Distill Qwen 1.5B",
  parameters: 1_777_088_000,
  quantization: "Q4_K_M",
  contextTokens: 131_072,
  layers: 28,
  embeddingLength: 1536,
  heads: 12,
  kvHeads: Array.from({ length: 28 }, () => 2),
  keyLength: 128,
  valueLength: 128,
  feedForwardLength: 8960,
  vocabularySize: 151_936,
  chatTemplate: undefined,
  fileBytes: 1_115_873_792,
  tensorBytes: 1_111_370_240,
  tensors: [
    { name: "token_embd.weight", shape: [1536, 151_936], typeName: "Q4_K", sizeBytes: 131_272_704 },
    { name: "blk.matrices", shape: [1536, 723_968], typeName: "Q4_K", sizeBytes: 625_508_352 },
    { name: "blk.sensitive", shape: [1536, 129_024], typeName: "Q6_K", sizeBytes: 162_570_240 },
    { name: "blk.vectors", shape: [143_360], typeName: "F32", sizeBytes: 573_440 },
    { name: "output_norm.weight", shape: [1536], typeName: "F32", sizeBytes: 6144 },
    { name: "output.weight", shape: [1536, 151_936], typeName: "Q6_K", sizeBytes: 191_439_360 },
  ],
  recurrent: false,
  slidingWindowTokens: undefined,
  slidingLayers: Array.from({ length: 28 }, () => false),
};
