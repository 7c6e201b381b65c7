import type { Clock } from "@drover/foundation/clock";
import type { ApartGrammar } from "../../engine/apart-grammars.ts";
import { TooManySlowGrammars } from "../../errors.ts";
import type { GenerationRequest } from "../../generation-contract.ts";
import { ApartChoice } from "./apart-choice.ts";
import { SLOW_FOR_MS } from "./grammar-patience.ts";

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

/** A response that waits long for its tokens. */
interface Slow {
  readonly owner: string;
  readonly sinceMs: number;
}

/** Which grammars are sampled apart, so that no other slot waits for their tokens. */
export class ApartSampling {
  readonly #parts: ApartSamplingParts;
  /** In the order in which they became slow. */
  readonly #slow = new Map<ApartChoice, Slow>();
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
    return this.#open(grammar.gbnf, prompt.slice(prompt.length - resumedTokens), request.owner?.id);
  }

  /** Of one that goes on, whose last token took so long. Undefined: it need not be sampled apart. */
  goOn({ grammar, owner }: GenerationRequest, taken: readonly number[], tookMs: number): ApartChoice | undefined {
    return grammar === undefined || tookMs <= MOST_SHARED_MS ? undefined : this.#open(grammar.gbnf, taken, owner?.id);
  }

  #open(gbnf: string, taken: readonly number[], owner = ""): ApartChoice {
    const { grammars, clock, canCutState } = this.#parts;
    const choice: ApartChoice = new ApartChoice({
      grammar: grammars.open(gbnf, taken),
      clock,
      canCutState,
      onReady: () => this.onReady(),
      onSlow: () => this.#becomeSlow(choice, owner),
      onClosed: () => this.#slow.delete(choice),
    });
    return choice;
  }

  /**
   * Half of the slots, at least one, may wait for slow grammars: the others are for requests that do not. Between owners they are divided: the last one of
   * the owner with the most makes room where `owner` has two fewer.
   */
  #becomeSlow(choice: ApartChoice, owner: string): Error | undefined {
    const most = Math.max(1, Math.floor(this.#parts.slots / 2));
    if (!this.#slow.has(choice) && this.#slow.size >= most) {
      const full = new TooManySlowGrammars(most, this.#untilOneEnds());
      const other = this.#lastOfMost(owner);
      if (other === undefined) return full;
      this.#slow.delete(other);
      other.giveUp(full);
    }
    if (!this.#slow.has(choice)) this.#slow.set(choice, { owner, sinceMs: this.#parts.clock.monotonicMs() });
    return undefined;
  }

  #untilOneEnds(): number {
    const [first] = this.#slow.values();
    return SLOW_FOR_MS - (this.#parts.clock.monotonicMs() - (first?.sinceMs ?? 0));
  }

  #lastOfMost(owner: string): ApartChoice | undefined {
    const counts = new Map<string, number>();
    for (const slow of this.#slow.values()) counts.set(slow.owner, (counts.get(slow.owner) ?? 0) + 1);
    const most = Math.max(...counts.values());
    if (most - (counts.get(owner) ?? 0) < 2) return undefined;
    return [...this.#slow].findLast(([, slow]) => counts.get(slow.owner) === most)?.[0];
  }
}
