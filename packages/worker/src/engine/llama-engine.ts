/** The engine on node-llama-cpp: its public API loads model and context, its native context decodes and samples. */
import { usesFlashAttention } from "@drover/contract/worker-options";
import { messageOf } from "@drover/foundation/error-text";
import { basename } from "node:path";
import {
  getLlama,
  GgmlType,
  Llama,
  type LlamaContext,
  LlamaLogLevel,
  type LlamaOptions,
  LlamaVocabularyType,
  type LlamaModel,
  type Token,
} from "node-llama-cpp";
import { WorkerError } from "../errors.ts";
import type { BatchPart, Engine, LogitRow, ModelDescription, Vocabulary } from "./engine.ts";
import { createLlamaEmbedder, endsOf, pieceTokensOf } from "./llama-embedder.ts";
import { createLogprobs } from "./llama-logprobs.ts";
import { createLlamaSampler } from "./llama-sampler.ts";
import {
  embeddingParts,
  loadPrebuilt,
  type NativeContext,
  type NativeParts,
  nativeParts,
  type NativeVocabulary,
  vocabularyParts,
} from "./native-context.ts";
import { exchangeSequences, llamaCheckpoints, sequenceFiles } from "./sequence-states.ts";
import { createTokenBytes, longestOf, phrasesOf } from "./token-bytes.ts";
import { firstTokenMs, type LlamaTokenizer, openGrammar } from "./vocabulary-grammar.ts";

export interface LlamaEngineOptions {
  readonly modelPath: string;
  readonly modelId?: string | undefined;
  readonly threads: number;
  readonly slots: number;
  /** Tokens of one slot. @default the model's own, at most 4096 */
  readonly contextTokens?: number | undefined;
  readonly batchTokens: number;
  readonly flashAttention: "auto" | "on" | "off";
  readonly kvType: "f16" | "q8_0" | "q4_0";
  readonly embeddings: boolean;
  readonly onProgress: (fraction: number) => void;
  /** What llama.cpp warns of. */
  readonly onWarning: (message: string) => void;
}

const LIBRARY = "node-llama-cpp 3.22.1";
const LARGEST_DEFAULT_CONTEXT = 4096;

/** Errors: WorkerError `model_unloadable`, `context_too_large`, `engine_mismatch`. */
export async function loadLlamaEngine(options: LlamaEngineOptions): Promise<Engine> {
  const llama = await openLlama({
    maxThreads: options.threads,
    logLevel: LlamaLogLevel.warn,
    logger: (_level, message) => options.onWarning(message.trim()),
  });
  const model = await loadModel(llama, options);
  const context = await createContext(model, options);
  const native = natives(llama, model, context);
  const endTokens = once(() => endTokensOf(model));
  const savesCompleteState = (model.fileInsights.swaSize ?? Number.POSITIVE_INFINITY) >= context.contextSize;
  const forTexts = options.embeddings ? await loadEmbedder(model, options) : undefined;
  return {
    model: describe(model, native, options),
    vocabulary: createVocabulary(model, native.model),
    embedder: forTexts?.embedder,
    sequences: options.slots,
    contextTokens: context.contextSize,
    batchTokens: options.batchTokens,
    costKey: {
      library: LIBRARY,
      threads: options.threads,
      slots: options.slots,
      batchTokens: options.batchTokens,
      kvType: options.kvType,
      flashAttention: options.flashAttention,
    },
    stateKey: {
      library: LIBRARY,
      kvType: options.kvType,
      flashAttention: usesFlashAttention(options),
    },
    setThreads: (threads) => {
      native.context.setThreads(threads);
      forTexts?.setThreads(threads);
    },
    decode: (parts) => decode(native.context, parts),
    createSampler: () => createLlamaSampler(native, endTokens),
    logprobs: createLogprobs(native),
    cut: (sequence, from) => native.context.removeTokenCellsFromSequence(sequence, from, -1),
    copy: async (source, target) => {
      await native.context.copySequenceStateFromOtherSequence(target, source);
    },
    ...llamaCheckpoints(native),
    savesCompleteState,
    ...sequenceFiles(native.context, context.contextSize),
    exchange: async (a, b) =>
      savesCompleteState && (await exchangeSequences(native.context, a, b, context.contextSize)),
    dispose: () => llama.dispose(),
  };
}

/** One for all. */
const llamaOfTokenizers = once(() =>
  openLlama({ maxThreads: 1, logLevel: LlamaLogLevel.disabled, logger: () => undefined }),
);

async function openLlama(options: Required<Pick<LlamaOptions, "maxThreads" | "logLevel" | "logger">>): Promise<Llama> {
  return (await loadPrebuilt<Llama>(Llama, options)) ?? getLlama({ gpu: false, build: "never", ...options });
}

/** Only the vocabulary of a model, for a process that does what a worker could die of. */
export async function loadLlamaTokenizer(modelPath: string): Promise<LlamaTokenizer> {
  const llama = await llamaOfTokenizers();
  const model = await llama.loadModel({ modelPath, gpuLayers: 0, vocabOnly: true });
  const parts = {
    ...vocabularyParts({ llama, model }),
    vocabularySize: vocabularySizeOf(model),
    isEndOfText: (token: number) => model.isEogToken(token as Token),
  };
  return {
    vocabularySize: parts.vocabularySize,
    tokenize: (text, kind) => model.tokenize(text, kind === "control"),
    firstTokenMs: (gbnf) => firstTokenMs(parts, gbnf),
    openGrammar: (gbnf) => openGrammar(parts, gbnf),
  };
}

async function loadModel(llama: Llama, options: LlamaEngineOptions): Promise<LlamaModel> {
  try {
    return await llama.loadModel({
      modelPath: options.modelPath,
      gpuLayers: 0,
      onLoadProgress: options.onProgress,
    });
  } catch (cause) {
    const reason = messageOf(cause);
    throw new WorkerError("model_unloadable", `llama.cpp can't load ${options.modelPath}: ${reason}`, { cause });
  }
}

async function createContext(model: LlamaModel, options: LlamaEngineOptions): Promise<LlamaContext> {
  const wanted = options.contextTokens ?? Math.min(model.trainContextSize, LARGEST_DEFAULT_CONTEXT);
  const kvType = { f16: GgmlType.F16, q8_0: GgmlType.Q8_0, q4_0: GgmlType.Q4_0 }[options.kvType];
  try {
    return await model.createContext({
      sequences: options.slots,
      contextSize: wanted,
      batchSize: options.batchTokens,
      threads: options.threads,
      flashAttention: usesFlashAttention(options),
      // Costs memory; without it a sliding-window model could keep no prefix.
      swaFullCache: true,
      experimentalKvCacheKeyType: kvType,
      experimentalKvCacheValueType: kvType,
      failedCreationRemedy: false,
    });
  } catch (cause) {
    const reason = messageOf(cause);
    throw new WorkerError(
      "context_too_large",
      `no context of ${options.slots} slots of ${wanted} tokens: ${reason}; take fewer slots or a smaller context` +
        (options.kvType === "f16" ? "" : `, or the KV type f16: not every model can have ${options.kvType}`),
      { cause },
    );
  }
}

function natives(llama: Llama, model: LlamaModel, context: LlamaContext): NativeParts {
  const parts = nativeParts({ llama, model, context });
  if ("missing" in parts) throw lacking(parts.missing);
  return parts;
}

function lacking(functions: readonly string[]): WorkerError {
  return new WorkerError(
    "engine_mismatch",
    `this node-llama-cpp lacks ${functions.join(", ")}; install version 3.22.1, which Drover is written for`,
  );
}

function describe(model: LlamaModel, native: NativeParts, options: LlamaEngineOptions): ModelDescription {
  const { tokens, fileInsights, fileInfo } = model;
  return {
    id: options.modelId ?? basename(options.modelPath).replace(/\.gguf$/i, ""),
    fileName: basename(options.modelPath),
    architecture: model.architecture,
    // Architecture, size and type of the file.
    fileType: model.typeDescription.split(" ").slice(2).join(" "),
    parameters: native.model.getTotalParameters(),
    sizeBytes: model.size,
    trainedContextTokens: model.trainContextSize,
    vocabularySize: vocabularySizeOf(model),
    vocabularyType: Object.values(LlamaVocabularyType).indexOf(model.vocabularyType),
    embeddingLength: model.embeddingVectorSize,
    bosToken: tokens.bos ?? undefined,
    eosToken: tokens.eos ?? undefined,
    addsBosToken: tokens.shouldPrependBosToken,
    chatTemplate: fileInfo.metadata.tokenizer?.chat_template,
    hasInfill: tokens.infill.prefix !== null && tokens.infill.suffix !== null,
    canCutState: !fileInsights.isRecurrent && !fileInsights.isHybrid,
  };
}

function createVocabulary(model: LlamaModel, native: NativeVocabulary): Vocabulary {
  const tokenBytes = createTokenBytes(native, model.vocabularyType, (token, kind) =>
    model.detokenize([token as Token], kind === "control"),
  );
  const { bpe, spm } = LlamaVocabularyType;
  const tokens = vocabularySizeOf(model);
  const bytesOf = (token: number) => {
    const text = tokenBytes(token, "plain");
    return text.length > 0 ? text : tokenBytes(token, "control");
  };
  // Other kinds have one token for any unknown word.
  const coversAll = tokens > 0 && (model.vocabularyType === bpe || model.vocabularyType === spm);
  return {
    tokenize: (text, kind) => model.tokenize(text, kind === "control"),
    tokenBytes,
    isEndOfText: (token) => model.isEogToken(token as Token),
    splitsWords: model.vocabularyType === bpe,
    phrases: phrasesOf(tokens, bytesOf),
    longestTokenBytes: coversAll ? longestOf(tokens, bytesOf) : undefined,
  };
}

function endTokensOf(model: LlamaModel): readonly number[] {
  const all = Array.from({ length: vocabularySizeOf(model) }, (_, token) => token);
  return all.filter((token) => model.isEogToken(token as Token));
}

/** 0: the file does not say. */
function vocabularySizeOf({ fileInfo }: LlamaModel): number {
  return fileInfo.metadata.tokenizer?.ggml?.tokens.length ?? 0;
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

async function loadEmbedder(model: LlamaModel, options: LlamaEngineOptions) {
  const contextTokens = Math.min(model.trainContextSize, options.contextTokens ?? LARGEST_DEFAULT_CONTEXT);
  const pieceTokens = pieceTokensOf(model.fileInfo.architectureMetadata, contextTokens);
  const { threads } = options;
  const loaded = await model.createEmbeddingContext({ contextSize: contextTokens, batchSize: pieceTokens, threads });
  const context = embeddingParts(loaded);
  if (context === undefined) throw lacking(["getEmbedding"]);
  const embedder = createLlamaEmbedder({
    context,
    contextTokens,
    pieceTokens,
    ...endsOf(model.vocabularyType, model.tokens),
  });
  return { embedder, setThreads: (count: number) => context.setThreads(count) };
}

async function decode(context: NativeContext, parts: readonly BatchPart[]): Promise<readonly (readonly LogitRow[])[]> {
  context.initBatch(parts.reduce((sum, part) => sum + part.tokens.length, 0));
  const rows = parts.map((part) =>
    context.addToBatch(part.sequence, part.position, Uint32Array.from(part.tokens), logitIndexes(part)),
  );
  try {
    await context.decodeBatch();
  } catch (cause) {
    const reason = messageOf(cause);
    throw new WorkerError("decode_failed", `llama.cpp failed to decode a step: ${reason}`, { cause });
  }
  return rows.map((row) => [...row]);
}

function logitIndexes(part: BatchPart): Uint32Array {
  if (part.logits === "none") return new Uint32Array();
  if (part.logits === "last") return Uint32Array.of(part.tokens.length - 1);
  return Uint32Array.from(part.tokens.keys());
}
