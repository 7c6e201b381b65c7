/**
 * The few native methods of node-llama-cpp that Drover calls itself, typed. They are internal to the library, so its
 * version is pinned and {@link nativeParts} checks at start that each is there. docs/worker.md says why the
 * public API does not do. Source: node-llama-cpp 3.22.1, llama/addon/AddonContext.cpp and AddonSampler.cpp.
 */

import { existsSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export interface NativeContext {
  /** For the decodes from now on. */
  setThreads(threads: number): void;
  /** Drops the last batch and makes room for one of `tokens`. */
  initBatch(tokens: number): void;
  /** @returns batch indexes of the tokens named by `logitIndexes`, for `sampleToken` after the decode. */
  addToBatch(sequence: number, firstPosition: number, tokens: Uint32Array, logitIndexes: Uint32Array): Uint32Array;
  /** In a thread of libuv's pool. */
  decodeBatch(): Promise<void>;
  /** In a thread of libuv's pool. -1: no token is possible. */
  sampleToken(batchIndex: number, sampler: NativeSampler): Promise<number>;
  sampleToken(
    batchIndex: number,
    sampler: NativeSampler,
    probabilities: boolean,
    confidence: boolean,
    logits: readonly [
      tokens: readonly number[],
      includeMax: boolean,
      includeMin: boolean,
      includeSelected: boolean,
      includeTop: number,
    ],
    totalLogitWeight: boolean,
  ): Promise<
    readonly [
      token: number,
      probabilities: undefined,
      confidence: number | undefined,
      logits: readonly number[] | undefined,
      totalLogitWeight: number | undefined,
    ]
  >;
  /** @param end -1 is the sequence's end. False: the state can't be cut there. */
  removeTokenCellsFromSequence(sequence: number, start: number, end: number): boolean;
  copySequenceStateFromOtherSequence(target: number, source: number): Promise<number>;
  /** -1: the sequence is empty. */
  getSequenceKvCacheMaxPosition(sequence: number): number;
  /** False: not possible. `lastPosition`: of the tokens that the checkpoint kept. */
  restoreCheckpoint(checkpoint: NativeCheckpoint, lastPosition: number, sequence: number): Promise<boolean>;
  saveSequenceStateToFile(path: string, sequence: number, tokens: Uint32Array): Promise<number>;
  loadSequenceStateFromFile(path: string, sequence: number, mostTokens: number): Promise<Uint32Array>;
}

/** One that was made for vectors of texts. */
export interface NativeEmbeddingContext
  extends Pick<
    NativeContext,
    "setThreads" | "initBatch" | "addToBatch" | "decodeBatch" | "removeTokenCellsFromSequence"
  > {
  /** Of the text that was decoded last, or of its last token, as the model has it. */
  getEmbedding(tokens: number): Float64Array;
}

export interface NativeSampler {
  applyConfig(config: NativeSamplerConfig): void;
  dispose(): void;
}

/** A field that is absent turns its sampler off. */
export interface NativeSamplerConfig {
  readonly temperature: number;
  readonly seed: number;
  readonly topK?: number;
  readonly topP?: number;
  readonly minP?: number;
  readonly repeatPenalty?: number;
  readonly repeatPenaltyMaxTokens?: number;
  readonly repeatPenaltyTokens?: Uint32Array;
  readonly repeatPenaltyPresencePenalty?: number;
  readonly repeatPenaltyFrequencyPenalty?: number;
  readonly tokenBiasKeys?: Uint32Array;
  readonly tokenBiasValues?: Float32Array;
  readonly xtcProbability?: number;
  readonly xtcThreshold?: number;
  readonly dryRepeatPenaltyStrength?: number;
  readonly dryRepeatPenaltyBase?: number;
  readonly dryRepeatPenaltyAllowedLength?: number;
  readonly dryRepeatPenaltyLastTokens?: number;
  readonly dryRepeatPenaltySequenceBreakers?: readonly string[];
  readonly grammarEvaluationState?: NativeGrammarState;
}

/** Opaque: only handed back to the library. */
export type NativeGrammarState = object;
export type NativeModel = object;
type NativeGrammar = object;

/** The part of a sequence's state that can't be cut, in memory. */
export interface NativeCheckpoint {
  init(context: NativeContext, sequence: number): Promise<void>;
  dispose(): void;
}

export interface NativeBindings {
  readonly AddonContextSequenceCheckpoint: new () => NativeCheckpoint;
  readonly AddonSampler: {
    new (model: NativeModel): NativeSampler;
    acceptGrammarEvaluationStateToken(state: NativeGrammarState, token: number): void;
    canBeNextTokenForGrammarEvaluationState(state: NativeGrammarState, token: number): boolean;
  };
  readonly AddonGrammar: new (
    gbnf: string,
    options: { readonly addonExports: unknown; readonly rootRuleName: string },
  ) => NativeGrammar;
  readonly AddonGrammarEvaluationState: new (model: NativeModel, grammar: NativeGrammar) => NativeGrammarState;
}

/** Text of a token as the vocabulary stores it, and the bits of `enum llama_token_attr`. */
export interface NativeVocabulary {
  getTokenString(token: number): string;
  getTokenAttributes(token: number): number;
  getTotalParameters(): number;
}

const needed = {
  context: [
    "setThreads",
    "initBatch",
    "addToBatch",
    "decodeBatch",
    "sampleToken",
    "removeTokenCellsFromSequence",
    "copySequenceStateFromOtherSequence",
    "getSequenceKvCacheMaxPosition",
    "restoreCheckpoint",
    "saveSequenceStateToFile",
    "loadSequenceStateFromFile",
  ],
  model: ["getTokenString", "getTokenAttributes", "getTotalParameters"],
  bindings: ["AddonSampler", "AddonGrammar", "AddonGrammarEvaluationState", "AddonContextSequenceCheckpoint"],
} as const;

export interface NativeParts {
  readonly context: NativeContext;
  readonly model: NativeModel & NativeVocabulary;
  readonly bindings: NativeBindings;
}

/** Takes the native objects out of the library's own. @returns the names of the functions that this build lacks. */
export function nativeParts(library: {
  readonly llama: object;
  readonly model: object;
  readonly context: object;
}): NativeParts | { readonly missing: readonly string[] } {
  const parts = {
    context: property(library.context, "_ctx"),
    model: property(library.model, "_model"),
    bindings: property(library.llama, "_bindings"),
  };
  const missing = Object.entries(needed).flatMap(([part, names]) =>
    names.filter((name) => typeof property(property(parts, part), name) !== "function"),
  );
  return missing.length > 0 ? { missing } : (parts as NativeParts);
}

/** The native object of the library's context for embeddings; undefined: this build lacks one of its functions. */
export function embeddingParts(embeddingContext: object): NativeEmbeddingContext | undefined {
  const context = property(property(embeddingContext, "_llamaContext"), "_ctx");
  return typeof property(context, "getEmbedding") === "function" ? (context as NativeEmbeddingContext) : undefined;
}

/** The same of a model that was loaded without its weights. */
export function vocabularyParts(library: { readonly llama: object; readonly model: object }) {
  return {
    bindings: property(library.llama, "_bindings") as NativeBindings,
    model: property(library.model, "_model") as NativeModel,
  };
}

function property(holder: unknown, name: string): unknown {
  return (holder as Readonly<Record<string, unknown>> | null | undefined)?.[name];
}

/** What the memory checks leave free, as `getLlama` has it by itself. */
const ramPadding = (totalBytes: number) => Math.floor(Math.min(totalBytes / 4, 2 ** 30));

/**
 * Loads the library's prebuilt binary for its class `Llama` as `getLlama` does, but for the trial in a process of its own, which takes as long as a third of a
 * worker's start: what a binary does to its process, the supervisor sees in the worker. undefined: none loads, or one was built on this
 * machine, and `getLlama` knows what to do.
 */
export async function loadPrebuilt<T>(library: unknown, options: object): Promise<T | undefined> {
  const entry = fileURLToPath(import.meta.resolve("node-llama-cpp"));
  if (existsSync(join(dirname(entry), "../llama/localBuilds"))) return undefined;
  const platform = `${process.platform}-${process.arch}`;
  try {
    const load = createRequire(entry);
    const folder = join(dirname(load.resolve(`@node-llama-cpp/${platform}`)), "../bins", platform);
    const bindingPath = join(folder, "llama-addon.node");
    const buildMetadata: unknown = JSON.parse(readFileSync(join(folder, "_nlcBuildMetadata.json"), "utf8"));
    const bindings: unknown = load(bindingPath);
    const parts = { bindings, bindingPath, buildType: "prebuilt", buildMetadata, ramPadding };
    const create = property(library, "_create") as (all: object) => Promise<T>;
    return await create.call(library, { ...options, ...parts });
  } catch {
    return undefined;
  }
}
