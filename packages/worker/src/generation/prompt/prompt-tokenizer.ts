import { LoopBudget } from "@drover/foundation/loop-budget";
import type { Vocabulary } from "../../engine/engine.ts";
import { badField, WorkerError } from "../../errors.ts";
import { contextLengthExceeded, type PromptLimit } from "./prompt-limit.ts";
import { hasLongRun, SLICE_CHARS, sliceText } from "./long-texts.ts";

/** Characters that are tokenized in a turn of the loop, over all requests. */
const budget = new LoopBudget(SLICE_CHARS);

/** What a text costs however short it is, in characters: some microseconds. */
const CHARS_OF_A_CALL = 32;

/**
 * Longer texts with a run that std::regex can't take are not worth what they cost: up to a gigabyte of stack, and for some vocabularies a time that grows
 * with the square of the length (a quarter of a minute for this many characters).
 */
const MOST_RISKY_CHARS = 256 * 1024;

export interface TokenizerParts {
  readonly vocabulary: Vocabulary;
  /** Tokenizes in another process, which may die of the text. Absent: everything is tokenized here. */
  readonly tokenizeApart?: (text: string, special: boolean) => Promise<readonly number[]>;
}

/** Tokenizes texts of clients, whatever is in them: without harm to the process, and without holding up its loop. */
export class PromptTokenizer {
  readonly #vocabulary: Vocabulary;
  readonly #apart: TokenizerParts["tokenizeApart"];
  constructor({ vocabulary, tokenizeApart }: TokenizerParts) {
    this.#vocabulary = vocabulary;
    this.#apart = tokenizeApart;
  }

  /**
   * The tokens of the texts, one after the other, each tokenized by itself.
   *
   * @param special read texts such as `<|im_end|>` as their control tokens
   * @throws RequestError `context_length_exceeded` as soon as it is certain, or 400 for a text that llama.cpp can't tokenize
   */
  async tokenize(texts: readonly string[], special: boolean, limit: PromptLimit): Promise<number[]> {
    this.refuseHuge(
      texts.reduce((sum, text) => sum + text.length, 0),
      limit,
    );
    const tokens: number[] = [];
    for (const text of texts) {
      for (const slice of this.#slicesOf(text)) {
        const wait = budget.spend(slice.text.length + CHARS_OF_A_CALL);
        if (wait !== undefined) await wait;
        if (slice.isRisky) append(tokens, await this.#tokenizeApart(slice.text, special, limit.param));
        else append(tokens, this.#vocabulary.tokenize(slice.text, special));
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
    const { longestTokenBytes } = this.#vocabulary;
    if (longestTokenBytes === undefined) return;
    const least = Math.ceil(chars / longestTokenBytes);
    if (least > limit.contextTokens) throw contextLengthExceeded(limit, `at least ${least}`);
  }

  #slicesOf(text: string): readonly { readonly text: string; readonly isRisky: boolean }[] {
    if (text === "") return [];
    if (!this.#vocabulary.splitsWords) return [{ text, isRisky: text.length > SLICE_CHARS }];
    const slices = sliceText(text) ?? [text];
    return slices.map((slice) => ({ text: slice, isRisky: slice.length > SLICE_CHARS || hasLongRun(slice) }));
  }

  async #tokenizeApart(text: string, special: boolean, param: string): Promise<readonly number[]> {
    if (this.#apart === undefined) return this.#vocabulary.tokenize(text, special);
    if (text.length > MOST_RISKY_CHARS) throw notTokenizable(param, `it has more than ${MOST_RISKY_CHARS} characters`);
    try {
      return await this.#apart(text, special);
    } catch (error) {
      if (error instanceof WorkerError && error.code === "tokenizer_died") throw notTokenizable(param, error.message);
      throw error;
    }
  }
}

function notTokenizable(param: string, why: string) {
  return badField(
    param,
    `Invalid '${param}': a text in it goes on for thousands of characters without a break, and ${why}. Break it into lines.`,
  );
}

/** `push(...items)` has a limit of some hundred thousand. */
function append(tokens: number[], more: readonly number[]): void {
  for (const token of more) tokens.push(token);
}
