import type { TensorInfo } from "../gguf/gguf-reader.ts";
import type { ModelInfo } from "./model-info.ts";

/** The encodings that keys and values can be kept in. */
export type KvType = "f32" | "f16" | "q8_0" | "q4_0";

export interface MemoryOptions {
  readonly workers: number;
  /** Slots of each worker. */
  readonly slots: number;
  /** Context of each slot. */
  readonly contextTokens: number;
  /** Most tokens in one step. */
  readonly batchTokens: number;
  readonly kvType: KvType;
  /** Without it the scores of an entire step are written down. */
  readonly flashAttention: boolean;
  /** Node's name of the processor, such as `arm64`. @default "x64" */
  readonly processor?: string | undefined;
}

/** Bytes that one worker needs for itself. */
export interface WorkerMemory {
  /** Weights that llama.cpp copies into the order that the CPU's kernels want. */
  readonly repackedBytes: number;
  /** Vocabulary and merges, in llama.cpp and in Node. */
  readonly tokenizerBytes: number;
  /** Keys and values: slots x context. */
  readonly kvBytes: number;
  /** Activations of one step, and each slot's logits. */
  readonly computeBytes: number;
  /** Node, the engine's library and the HTTP server. */
  readonly processBytes: number;
  /** The sum of the above. */
  readonly totalBytes: number;
}

export interface MemoryEstimate {
  /** The model file in the page cache: once for all workers, and reclaimable. */
  readonly mappedBytes: number;
  readonly perWorker: WorkerMemory;
  /** `mappedBytes` and all workers. */
  readonly totalBytes: number;
}

/**
 * Estimates what N workers need, in bytes. The arithmetic (coefficients measured with node-llama-cpp 3.22.1 on x86-64 with AVX-512;
 * at most a tenth under
 * and a fifth over the resident memory of real workers with the shapes of Qwen 2.5 0.5B, Llama 3.2 1B and DeepSeek R1 Distill 1.5B):
 *
 * - mapped: every file's bytes, shared by all workers through the page cache
 * - repacked, each worker: the matrices in Q4_0, Q4_K, Q2_K and IQ4_NL, on Arm also in Q5_K, Q6_K and Q8_0, again (an upper bound on CPUs
 *   without AVX2 or NEON); an embedding matrix only where it is the output matrix too
 * - tokenizer: 1,075 bytes a token of the vocabulary
 * - keys and values: per layer and slot, KV heads x (key + value length) x bytes of the type x context rounded up to 256; Drover's worker
 *   keeps the full cache of layers with a sliding window too, so that any prefix can be reused
 * - compute: batch x 4 bytes x (2 feed-forward + 10 embedding lengths), and slots x vocabulary x 8; without flash attention also
 *   batch x 4 bytes x heads x context
 * - process: 90 MiB
 */
export function estimateMemory(info: ModelInfo, options: MemoryOptions): MemoryEstimate {
  const parts = {
    repackedBytes: repackedBytes(info.tensors, options.processor),
    tokenizerBytes: info.vocabularySize * 1075,
    kvBytes: Math.ceil(kvBytesPerSlot(info, options) * options.slots),
    computeBytes: computeBytes(info, options),
    processBytes: 90 * 2 ** 20,
  };
  const totalBytes = Object.values(parts).reduce((sum, bytes) => sum + bytes, 0);
  return {
    mappedBytes: info.fileBytes,
    perWorker: { ...parts, totalBytes },
    totalBytes: info.fileBytes + totalBytes * options.workers,
  };
}

// Source: ggml-cpu/repack.cpp `ggml_repack_get_optimal_repack_type`
const REPACKED = new Set(["Q4_0", "Q4_K", "Q2_K", "IQ4_NL", "MXFP4"]);
const REPACKED_ON_ARM = new Set([...REPACKED, "Q5_K", "Q6_K", "Q8_0"]);

function repackedBytes(tensors: readonly TensorInfo[], processor: string | undefined): number {
  const repacked = processor === "arm64" ? REPACKED_ON_ARM : REPACKED;
  const tied = !tensors.some((tensor) => tensor.name === "output.weight");
  const isMatrix = (tensor: TensorInfo): boolean =>
    tensor.shape.length > 1 && (tied || tensor.name !== "token_embd.weight") && repacked.has(tensor.typeName);
  return tensors.filter(isMatrix).reduce((sum, tensor) => sum + tensor.sizeBytes, 0);
}

const KV_VALUE_BYTES: Readonly<Record<KvType, number>> = { f32: 4, f16: 2, q8_0: 34 / 32, q4_0: 18 / 32 };

function kvBytesPerSlot(info: ModelInfo, options: MemoryOptions): number {
  const context = Math.ceil(options.contextTokens / 256) * 256;
  const perHeadToken = (info.keyLength + info.valueLength) * KV_VALUE_BYTES[options.kvType];
  return info.kvHeads.reduce((sum, heads) => sum + heads * perHeadToken * context, 0);
}

function computeBytes(info: ModelInfo, options: MemoryOptions): number {
  const batch = Math.min(options.batchTokens, options.contextTokens * options.slots);
  const activations = batch * 4 * (2 * info.feedForwardLength + 10 * info.embeddingLength);
  const context = Math.ceil(options.contextTokens / 256) * 256;
  const scores = options.flashAttention ? 0 : batch * 4 * info.heads * context;
  return activations + scores + options.slots * info.vocabularySize * 8;
}
