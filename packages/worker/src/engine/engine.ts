/** What Drover needs of an inference library. llama-engine.ts is the only implementation and the only import of it. */

import type { GrammarSpec, Sampling, TokenLogprob } from "../generation-contract.ts";

export interface ModelDescription {
  /** The id that clients see in /v1/models: the file's name without `.gguf`, unless set. */
  readonly id: string;
  /** Of the model's file, without its folder. */
  readonly fileName: string;
  readonly architecture: string;
  /** How its weights are stored, such as `Q4_0` or `Q4_K - Medium`. */
  readonly fileType: string;
  /** Of all weights together. */
  readonly parameters: number;
  readonly sizeBytes: number;
  readonly trainedContextTokens: number;
  readonly vocabularySize: number;
  /** llama.cpp's `enum llama_vocab_type`. */
  readonly vocabularyType: number;
  readonly embeddingLength: number;
  readonly bosToken: number | undefined;
  readonly eosToken: number | undefined;
  readonly addsBosToken: boolean;
  /** The Jinja template of the model file. */
  readonly chatTemplate: string | undefined;
  readonly hasInfill: boolean;
  /** False for recurrent models, whose state can't be cut back to a prefix. */
  readonly canCutState: boolean;
}

/** What texts such as `<|im_end|>` are: the control tokens that they name (`control`), or texts like all others (`plain`). */
export type TextKind = "control" | "plain";

/** The vocabulary side of the engine; synchronous. */
export interface Vocabulary {
  /** Never adds BOS by itself. */
  tokenize(text: string, kind: TextKind): number[];
  /** The bytes of one token as they stand in the text; may be part of a character. A control token gives none in a `plain` text. */
  tokenBytes(token: number, kind: TextKind): Uint8Array;
  isEndOfText(token: number): boolean;
  /** Does a pre-tokenizer find words first, over whose borders no token goes (BPE)? */
  readonly splitsWords: boolean;
  /**
   * Texts of tokens that go over a blank between two letters. In most vocabularies there is none, and a text may be cut at such a blank.
   * Undefined: too many to look for.
   */
  readonly phrases: readonly string[] | undefined;
  /** No token stands for more bytes of a text. Undefined: one token may stand for any number. */
  readonly longestTokenBytes: number | undefined;
}

/** Present where the model was loaded with `--embeddings`. */
export interface Embedder {
  /** Longest input. */
  readonly maxTokens: number;
  /** One vector of {@link ModelDescription.embeddingLength} numbers, of Euclidean length 1. At least one token. */
  embed(tokens: readonly number[]): Promise<readonly number[]>;
}

/** How the decodes of a text are run. */
export interface EmbeddingSteps {
  /** Runs one of them; between two of them others may compute. */
  run(decode: () => Promise<void>): Promise<void>;
  /** Somebody else computes too, and waits for each step: they should be short. */
  areShared(): boolean;
}

/** The engine's own, which computes in steps. */
export interface SteppedEmbedder extends Pick<Embedder, "maxTokens"> {
  embed(tokens: readonly number[], steps: EmbeddingSteps): Promise<readonly number[]>;
}

/** Tokens of one sequence in a decode. */
export interface BatchPart {
  readonly sequence: number;
  /** Of the first token; the sequence must hold exactly the tokens before it. */
  readonly position: number;
  readonly tokens: readonly number[];
  /** Which tokens' logits are computed. */
  readonly logits: "none" | "last" | "all";
}

/** A token's logits in the last decode; stale after the next one. */
export type LogitRow = number;

/** A byte for each token of the vocabulary; 1: it is allowed. */
export type TokenMask = Uint8Array;

/** Chooses tokens for one request after another; keeps the state of penalties, grammar and random numbers. */
export interface TokenSampler {
  /** Starts afresh. `history`: the tokens so far, for the penalties. */
  reset(sampling: Sampling, history: readonly number[]): void;
  /** The tokens from here on must follow this grammar, of which `taken` are there already; undefined: none. Errors: WorkerError `bad_grammar`. */
  constrain(grammar: GrammarSpec | undefined, taken?: readonly number[]): void;
  /** Draws a token and takes it. Undefined: the grammar leaves no token. */
  sample(row: LogitRow): Promise<number | undefined>;
  /** One that {@link take} may follow; else the penalties know nothing of it. `among`: of these tokens alone. Undefined: they are all banned. */
  draw(row: LogitRow, among?: TokenMask): Promise<number | undefined>;
  take(token: number): void;
}

/** The state of a sequence after its first tokens, outside of the context. */
export interface Checkpoint {
  readonly tokens: number;
  /** Frees its memory, of which the garbage collector knows nothing. */
  dispose(): void;
}

/** One model in memory with one context of several sequences. */
export interface Engine {
  readonly model: ModelDescription;
  readonly vocabulary: Vocabulary;
  readonly embedder: SteppedEmbedder | undefined;
  /** Sequences have the ids 0 … sequences - 1. */
  readonly sequences: number;
  /** Tokens that one sequence holds. */
  readonly contextTokens: number;
  /** Most tokens in one decode. */
  readonly batchTokens: number;
  /** What the cost of a step depends on, apart from the machine. */
  readonly costKey: Readonly<Record<string, string | number>>;
  /** What the layout of a sequence's state depends on, apart from the model. */
  readonly stateKey: Readonly<Record<string, string | number | boolean>>;
  /** Decodes and embeds with this many threads from now on; between two decodes only, and at most the number that it was loaded with. */
  setThreads(threads: number): void;
  /**
   * One llama.cpp decode of the parts in this order; one at a time. llama.cpp computes neighbouring parts together while
   * their sequence ids ascend by one, and starts a new group wherever they do not.
   * @returns for each part the rows that it asked for. Errors: WorkerError `decode_failed`.
   */
  decode(parts: readonly BatchPart[]): Promise<readonly (readonly LogitRow[])[]>;
  createSampler(): TokenSampler;
  /** Log-probabilities before all samplers: of `token`, and of the `top` most likely. */
  logprobs(row: LogitRow, token: number, top: number): Promise<RowLogprobs>;
  /** Forgets the tokens at `from` and after. False: this model can't, and the sequence is as before. */
  cut(sequence: number, from: number): boolean;
  /** Makes `target` hold what `source` holds. */
  copy(source: number, target: number): Promise<void>;
  /** Keeps what a sequence holds now, for models whose state can't be cut. Undefined: not possible. */
  checkpoint(sequence: number): Promise<Checkpoint | undefined>;
  /**
   * Takes a sequence back to a checkpoint of it, which has to be its beginning still.
   * False: it can't be; what the sequence holds is unknown then.
   */
  restore(sequence: number, checkpoint: Checkpoint): Promise<boolean>;
  /**
   * False where a window slides within the context: llama.cpp saves the last window alone, so what was saved can't be cut
   * back to a prefix. Source: state_write in llama.cpp's llama-kv-cache.cpp.
   */
  readonly savesCompleteState: boolean;
  /** Writes what a sequence holds, which are these tokens, to a file. False: it can't be, and there is no file. */
  saveState(sequence: number, tokens: readonly number[], path: string): Promise<boolean>;
  /**
   * Makes a sequence hold what {@link saveState} wrote, by an engine with the same model and {@link stateKey}.
   * @returns its tokens; undefined: it can't be, and the sequence is empty.
   */
  loadState(sequence: number, path: string): Promise<readonly number[] | undefined>;
  /** Each of the two sequences holds what the other held. False: no memory for it, or their state can't be saved completely; both are as before. */
  exchange(a: number, b: number): Promise<boolean>;
  dispose(): Promise<void>;
}

export interface RowLogprobs {
  readonly logprob: number;
  /** Most likely first. */
  readonly top: readonly TokenLogprob[];
}
