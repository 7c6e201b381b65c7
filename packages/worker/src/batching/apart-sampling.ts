import type { Clock } from "@drover/foundation/clock";
import type { ApartGrammar } from "../engine/apart-grammars.ts";
import type { GenerationRequest } from "../generation-contract.ts";
import { ApartChoice } from "./apart-choice.ts";

/** What a token under a grammar may take of the time of all slots. */
const MOST_SHARED_MS = 150;

/** For each alternative that is open, llama.cpp looks at each token of the vocabulary. */
const MS_PER_CHOICE_AND_TOKEN = 8 / 152_000;

export interface ApartSamplingParts {
  readonly grammars: { open(gbnf: string, taken: readonly number[]): ApartGrammar };
  readonly clock: Clock;
  readonly vocabularySize: number;
  readonly canCutState: boolean;
}

/** Which grammars are sampled apart, so that no other slot waits for their tokens. */
export class ApartSampling {
  readonly #parts: ApartSamplingParts;
  /** A slot need no longer wait. */
  onReady: () => void = () => undefined;

  constructor(parts: ApartSamplingParts) {
    this.#parts = parts;
  }

  /** Of a request that begins. Undefined: its grammar, if it has one, is sampled with everybody's tokens. */
  begin(request: GenerationRequest): ApartChoice | undefined {
    const { grammar, prompt, resumedTokens = 0 } = request;
    if (grammar === undefined) return undefined;
    const sharedMs = (grammar.openChoices ?? 0) * this.#parts.vocabularySize * MS_PER_CHOICE_AND_TOKEN;
    // What a client's own grammar asks of llama.cpp nobody can tell beforehand.
    if (grammar.isForeign !== true && sharedMs <= MOST_SHARED_MS) return undefined;
    return this.#open(grammar.gbnf, prompt.slice(prompt.length - resumedTokens));
  }

  /** Of one that goes on, whose last token took so long. Undefined: it need not be sampled apart. */
  goOn({ grammar }: GenerationRequest, taken: readonly number[], tookMs: number): ApartChoice | undefined {
    return grammar === undefined || tookMs <= MOST_SHARED_MS ? undefined : this.#open(grammar.gbnf, taken);
  }

  #open(gbnf: string, taken: readonly number[]): ApartChoice {
    const { grammars, clock, canCutState } = this.#parts;
    return new ApartChoice({ grammar: grammars.open(gbnf, taken), clock, canCutState, onReady: () => this.onReady() });
  }
}
