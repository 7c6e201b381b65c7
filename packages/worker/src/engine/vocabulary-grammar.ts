/** Grammars of a model of which there is only the vocabulary. */
import type { TextKind } from "./engine.ts";
import type { NativeBindings, NativeGrammarState, NativeModel } from "./native-context.ts";

export interface LlamaTokenizer {
  readonly vocabularySize: number;
  tokenize(text: string, kind: TextKind): number[];
  /** What the first token under a grammar takes. Errors: what llama.cpp says of one that it can't read. */
  firstTokenMs(gbnf: string): number;
  /** Errors: what llama.cpp says of one that it can't read. */
  openGrammar(gbnf: string): VocabularyGrammar;
}

/** A grammar and the tokens that were taken under it. */
export interface VocabularyGrammar {
  /** May this token come next? */
  allows(token: number): boolean;
  take(token: number): void;
}

interface GrammarParts {
  readonly bindings: NativeBindings;
  readonly model: NativeModel;
  readonly vocabularySize: number;
  readonly isEndOfText: (token: number) => boolean;
}

/** Tokens that are tried, to know what all take. */
const TRIED_TOKENS = 512;
/** They are tried in so many parts, as a garbage collection in one of them would count for hundreds of tokens. */
const PARTS = 4;

/** Of this process: one that waits for a CPU, as on a busy machine, takes none. */
export function processCpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/** @param cpuMs CPU time so far */
export function firstTokenMs(parts: GrammarParts, gbnf: string, cpuMs = processCpuMs): number {
  const { vocabularySize } = parts;
  const beforeMs = cpuMs();
  const grammar = openGrammar(parts, gbnf);
  const openingMs = cpuMs() - beforeMs;
  const tried = Math.min(TRIED_TOKENS, vocabularySize);
  const times = Array.from({ length: PARTS }, (_, part) => {
    const fromMs = cpuMs();
    for (let index = part; index < tried; index += PARTS) grammar.allows(Math.floor((index * vocabularySize) / tried));
    return cpuMs() - fromMs;
  });
  const [, usualMs = 0] = times.toSorted((one, other) => one - other);
  return openingMs + (usualMs * PARTS * vocabularySize) / Math.max(1, tried);
}

export function openGrammar({ bindings, model, isEndOfText }: GrammarParts, gbnf: string): VocabularyGrammar {
  const state = newGrammarState(bindings, model, gbnf);
  return {
    allows: (token) => bindings.AddonSampler.canBeNextTokenForGrammarEvaluationState(state, token),
    take(token) {
      // llama.cpp's own sampling does not tell the grammar of the text's end either.
      if (!isEndOfText(token)) bindings.AddonSampler.acceptGrammarEvaluationStateToken(state, token);
    },
  };
}

/** Errors: what llama.cpp says of a grammar that it can't read. */
export function newGrammarState(bindings: NativeBindings, model: NativeModel, gbnf: string): NativeGrammarState {
  const grammar = new bindings.AddonGrammar(gbnf, { addonExports: bindings, rootRuleName: "root" });
  return new bindings.AddonGrammarEvaluationState(model, grammar);
}
