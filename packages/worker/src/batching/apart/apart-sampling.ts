import type { Clock } from "@drover/foundation/clock";
import type { ApartGrammar } from "../../engine/apart-grammars.ts";
import { WorkerError } from "../../errors.ts";
import type { GenerationRequest } from "../../generation-contract.ts";
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
  readonly slots: number;
}

/** Which grammars are sampled apart, so that no other slot waits for their tokens. */
export class ApartSampling {
  readonly #parts: ApartSamplingParts;
  /** Those that wait long for their tokens. */
  readonly #slow = new Set<symbol>();
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
    const id = Symbol("a response");
    return new ApartChoice({
      grammar: grammars.open(gbnf, taken),
      clock,
      canCutState,
      onReady: () => this.onReady(),
      onSlow: () => this.#becomeSlow(id),
      onClosed: () => this.#slow.delete(id),
    });
  }

  /** Half of the slots, at least one, may wait for slow grammars: the others are for requests that do not. */
  #becomeSlow(id: symbol): Error | undefined {
    const most = Math.max(1, Math.floor(this.#parts.slots / 2));
    if (!this.#slow.has(id) && this.#slow.size >= most) {
      return new WorkerError("too_many_slow_grammars", `${most} responses wait for slow grammars already`);
    }
    this.#slow.add(id);
    return undefined;
  }
}
