/** What Drover needs of an inference library. llama-engine.ts is the only implementation and the only import of it. */

export interface ModelDescription {
  /** The id that clients see in /v1/models: the file's name without `.gguf`, unless set. */
  readonly id: string;
  readonly architecture: string;
  readonly trainedContextTokens: number;
  readonly vocabularySize: number;
  readonly embeddingLength: number;
  readonly bosToken: number | undefined;
  readonly eosToken: number | undefined;
  readonly addsBosToken: boolean;
  /** The Jinja template of the model file. */
  readonly chatTemplate: string | undefined;
  readonly hasInfill: boolean;
  /** False for recurrent and sliding-window models, whose state can't be cut back to a prefix. */
  readonly canCutState: boolean;
}

/** The vocabulary side of the engine; synchronous. */
export interface Vocabulary {
  /** `special`: read texts such as `<|im_end|>` as their control tokens. Never adds BOS by itself. */
  tokenize(text: string, special: boolean): number[];
  /** The bytes of one token as they stand in the text; may be part of a character. Control tokens give none unless `special`. */
  tokenBytes(token: number, special: boolean): Uint8Array;
  isEndOfText(token: number): boolean;
}

/** Present where the model was loaded with `--embeddings`. */
export interface Embedder {
  /** Longest input. */
  readonly maxTokens: number;
  /** One vector of {@link ModelDescription.embeddingLength} numbers, of Euclidean length 1. At least one token. */
  embed(tokens: readonly number[]): Promise<readonly number[]>;
}
