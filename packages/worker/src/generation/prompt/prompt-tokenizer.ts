import type { Time } from "@drover/foundation/clock";
import { LoopBudget } from "@drover/foundation/loop-budget";
import type { ModelDescription, TextKind, Vocabulary } from "../../engine/engine.ts";
import { invalid, WorkerError } from "../../errors.ts";
import { contextLengthExceeded, type PromptLimit } from "./prompt-limit.ts";
import { endOfSlice, hasLongRun } from "./long-texts.ts";
import { SLICE_MS, TokenizingPace } from "./tokenizing-pace.ts";

/** A slice that can't be cut and takes longer is tokenized apart. */
const MOST_SLICE_MS = 2 * SLICE_MS;

/** Shorter ones are not worth the way to another process. */
const LEAST_APART_CHARS = 1024;

/** Longer ones are tokenized apart however fast that is: what llama.cpp does with a text without a break may grow faster than its length. */
const MOST_SLICE_CHARS = 32 * 1024;

/**
 * Longer texts with a run that std::regex can't take are not worth what they cost: up to a gigabyte of stack, and for some vocabularies a time that grows
 * with the square of the length (a quarter of a minute for this many characters).
 */
const MOST_RISKY_CHARS = 256 * 1024;

interface TokenizerParts {
  readonly vocabulary: Vocabulary;
  readonly clock: Pick<Time, "monotonicMs">;
  /** Tokenizes in another process, which may die of the text. Absent: everything is tokenized here. */
  readonly tokenizeApart?: (text: string, kind: TextKind) => Promise<readonly number[]>;
}

/** Tokenizes texts of clients, whatever is in them: without harm to the process, and without holding up its loop. */
export class PromptTokenizer {
  readonly #parts: TokenizerParts;
  readonly #pace: TokenizingPace;
  /** Milliseconds of tokenizing in a turn of the loop, over all requests. */
  readonly #budget = new LoopBudget(SLICE_MS);

  constructor(parts: TokenizerParts) {
    this.#parts = parts;
    this.#pace = new TokenizingPace(parts.vocabulary.splitsWords);
  }

  /**
   * The tokens of the texts, one after the other, each tokenized by itself.
   *
   * @throws RequestError `context_length_exceeded` as soon as it is certain, or 400 for a text that llama.cpp can't tokenize
   */
  async tokenize(texts: readonly string[], kind: TextKind, limit: PromptLimit): Promise<number[]> {
    this.refuseHuge(
      texts.reduce((sum, text) => sum + text.length, 0),
      limit,
    );
    const tokens: number[] = [];
    for (const text of texts) {
      for (const slice of this.#slicesOf(text)) {
        if (this.#isForApart(slice)) append(tokens, await this.#tokenizeApart(slice, kind, limit.param));
        else {
          const wait = this.#budget.spend(this.#pace.msOf(slice.length));
          if (wait !== undefined) await wait;
          append(tokens, this.#tokenizeHere(slice, kind));
        }
        if (tokens.length > limit.contextTokens) throw contextLengthExceeded(limit, `at least ${tokens.length}`);
      }
    }
    return tokens;
  }

  /**
   * Refuses texts of so many characters that can't fit whatever their tokens are: no token has more than so many bytes, and no character less than one.
   *
   * @throws RequestError `context_length_exceeded`
   */
  refuseHuge(chars: number, limit: PromptLimit): void {
    const { longestTokenBytes } = this.#parts.vocabulary;
    if (longestTokenBytes === undefined) return;
    const least = Math.ceil(chars / longestTokenBytes);
    if (least > limit.contextTokens) throw contextLengthExceeded(limit, `at least ${least}`);
  }

  /** Slices of a text, each as long as the pace allows at that moment. */
  *#slicesOf(text: string): Generator<string> {
    const { splitsWords, phrases } = this.#parts.vocabulary;
    for (let from = 0; from < text.length; ) {
      const to = splitsWords ? endOfSlice(text, from, this.#pace.sliceChars, phrases) : text.length;
      yield text.slice(from, to);
      from = to;
    }
  }

  #isForApart(slice: string): boolean {
    if (this.#parts.tokenizeApart === undefined) return false;
    if (slice.length < LEAST_APART_CHARS) return false;
    if (slice.length > MOST_SLICE_CHARS || this.#pace.msOf(slice.length) > MOST_SLICE_MS) return true;
    return this.#parts.vocabulary.splitsWords && hasLongRun(slice);
  }

  #tokenizeHere(slice: string, kind: TextKind): readonly number[] {
    const startMs = this.#parts.clock.monotonicMs();
    const tokens = this.#parts.vocabulary.tokenize(slice, kind);
    this.#pace.saw(slice.length, this.#parts.clock.monotonicMs() - startMs);
    return tokens;
  }

  async #tokenizeApart(text: string, kind: TextKind, param: string): Promise<readonly number[]> {
    if (this.#parts.tokenizeApart === undefined) return this.#parts.vocabulary.tokenize(text, kind);
    if (text.length > MOST_RISKY_CHARS) throw notTokenizable(param, `it has more than ${MOST_RISKY_CHARS} characters`);
    try {
      return await this.#parts.tokenizeApart(text, kind);
    } catch (error) {
      if (error instanceof WorkerError && error.code === "tokenizer_died") throw notTokenizable(param, error.message);
      throw error;
    }
  }
}

function notTokenizable(param: string, why: string) {
  const what = "a text in it goes on for thousands of characters without a break";
  return invalid(param, `${what}, and ${why}. Break it into lines`);
}

/** As llama.cpp's server begins a text. */
export function withBos(
  { addsBosToken, bosToken }: Pick<ModelDescription, "addsBosToken" | "bosToken">,
  tokens: readonly number[],
): readonly number[] {
  return addsBosToken && bosToken !== undefined && tokens[0] !== bosToken ? [bosToken, ...tokens] : tokens;
}

/** `push(...items)` has a limit of some hundred thousand. */
function append(tokens: number[], more: readonly number[]): void {
  for (const token of more) tokens.push(token);
}
