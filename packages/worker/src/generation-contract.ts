/**
 * The contract between the HTTP side of a worker (api/, generation/) and the slots that generate (slots/, batching/).
 * Everything here is in tokens; text, stop strings, reasoning and tool calls belong to generation/.
 */
import type { GenerationTimeline } from "./generation-timeline.ts";

/** How the next token is chosen. Fields that are absent do nothing. Names and defaults follow llama.cpp's server. */
export interface Sampling {
  /** 0 is greedy. */
  readonly temperature: number;
  /** Keep the K most likely; 0 keeps all. */
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  /** 32-bit; the same seed and request give the same tokens on any worker. */
  readonly seed: number;
  readonly repeatPenalty: number;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  /** Added to a token's logit; -Infinity bans it. */
  readonly logitBias: ReadonlyMap<number, number>;
  /** Tokens that the penalties look back on; -1: all, 0: none. @default {@link PENALTY_TOKENS} */
  readonly penaltyTokens?: number;
  /** The text does not end before it has so many tokens. @default 0 */
  readonly minTokens?: number;
  /** Exclude top choices: with this probability all tokens over the threshold but the least likely one are left out. */
  readonly xtc?: { readonly probability: number; readonly threshold: number };
  readonly dry?: DrySampling;
}

/** llama.cpp's `repeat_last_n`. */
export const PENALTY_TOKENS = 64;

/** Each time the most likely token. */
export const GREEDY: Sampling = {
  temperature: 0,
  topK: 0,
  topP: 1,
  minP: 0,
  seed: 0,
  repeatPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  logitBias: new Map(),
};

/** "Don't repeat yourself": the longer a sequence that a token would repeat, the less likely it becomes. */
export interface DrySampling {
  readonly multiplier: number;
  readonly base: number;
  /** Shorter repetitions are free. */
  readonly allowedLength: number;
  /** Tokens that it looks back on; -1: all. */
  readonly lastTokens: number;
  /** Texts over which no repetition goes. */
  readonly sequenceBreakers: readonly string[];
}

/** A grammar in GBNF that the output must follow to its end. */
export interface GrammarSpec {
  readonly gbnf: string;
  /** A client wrote it: only llama.cpp can read it. @default false */
  readonly isForeign?: boolean;
  /** Most alternatives that are open at one place of it, where that is known. */
  readonly openChoices?: number;
  /** The part of the client's schema that a rule was made for, by the rule's name. @default nobody knows */
  readonly places?: Readonly<Record<string, string>>;
}

/** Who a request comes from: the holder of a key, or an address where there are no keys. */
export interface Owner {
  readonly id: string;
  /** What of the state that its requests leave others may use, and it of theirs. */
  readonly shares: "own" | "system" | "all";
}

export interface GenerationRequest {
  /** At least one token, fewer than the slot's context. */
  readonly prompt: readonly number[];
  /** At least 1. The slot's context may end the generation earlier, with the reason `length`. */
  readonly maxTokens: number;
  /** Absent: it is nobody's, and its state everybody's. */
  readonly owner?: Owner | undefined;
  /** How many tokens at the prompt's start come of system messages and tools; asked for where the owner shares those. @default 0 */
  readonly systemTokens?: number | undefined;
  /** How many tokens at the prompt's end this generation made itself, in an earlier worker: its grammar begins before them. @default 0 */
  readonly resumedTokens?: number;
  readonly sampling: Sampling;
  readonly grammar?: GrammarSpec | undefined;
  /** Alternatives to report with each token (0: only the chosen token's). Absent: no log-probabilities. */
  readonly topLogprobs?: number | undefined;
  /** May a kept prefix be used, and may this request's state be kept for the next? @default true */
  readonly cachePrompt: boolean;
  /** Go on past end-of-text tokens (for benchmarks). @default false */
  readonly ignoreEndOfText: boolean;
}

export interface TokenLogprob {
  readonly token: number;
  /** Natural logarithm of the probability before temperature and other samplers. */
  readonly logprob: number;
}

export interface GeneratedToken {
  readonly token: number;
  readonly logprob?: number;
  /** Most likely first. */
  readonly topLogprobs?: readonly TokenLogprob[];
}

export type EndReason =
  /** The model ended its text; the end token itself is not reported. */
  | "end-of-text"
  /** maxTokens or the slot's context was reached, or the grammar and the bias left no token: the response is cut off. */
  | "length"
  /** `onToken` returned "stop". */
  | "stopped"
  /** {@link GenerationHandle.cancel} was called. */
  | "cancelled"
  /** The engine failed; `error` says how. */
  | "failed";

/** Called by the batch loop, synchronously and in order; must not throw and must be quick. */
export interface GenerationSink {
  /** The request holds a slot now. `cachedTokens` of the prompt need no evaluation. */
  onStart?(start: { readonly slot: number; readonly cachedTokens: number }): void;
  /** Called with `onStart`, and again by each worker that resumes the request: what is known of how it goes. It is filled while it goes. */
  onTimeline?(timeline: GenerationTimeline): void;
  /** So many tokens of the prompt are in the slot now, those that needed no evaluation among them. */
  onPromptRead?(readTokens: number): void;
  /** Return "stop" to end the generation with this token: the slot takes part in no further step. */
  onToken(token: GeneratedToken): "go-on" | "stop";
  /** Last call, exactly once. */
  onEnd(end: { readonly reason: EndReason; readonly error?: Error }): void;
}

export interface GenerationHandle {
  /** Ends the request wherever it is (queued, in prefill, decoding); its slot is free within one step. Idempotent. */
  cancel(): void;
}

/** The beginning of a prompt that somebody will probably send. */
export type ExpectedPrompt = Pick<GenerationRequest, "prompt" | "owner" | "systemTokens">;

/** What the HTTP side sees of the slots. */
export interface Generator {
  /** Tokens that a slot holds, prompt and response together. */
  readonly contextTokens: number;
  generate(request: GenerationRequest, sink: GenerationSink): GenerationHandle;
  /**
   * Reads a prompt that is expected, as far as nobody who asks for something waits for it. A hint: it may be dropped, and
   * its end is not reported.
   */
  readAhead?(expected: ExpectedPrompt): void;
  /** The prompt in the tokens that a kept state of its owner has for the same text; as it is where there is none. */
  inKeptTokens?(expected: ExpectedPrompt): readonly number[];
}
