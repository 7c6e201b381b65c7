import type { GeneratedToken, TokenLogprob } from "../../generation-contract.ts";
import type { Vocabulary } from "../../engine/engine.ts";
import { TextAssembler } from "../../generation/output/text-assembler.ts";
import { longList } from "../http/send-json.ts";
import type { Serving } from "../serving.ts";

/** Chat's `logprobs.content`, and `completion_probabilities` of llama.cpp's server, which has the ids of tokens in both. */
export function chatLogprobs(vocabulary: Vocabulary, tokens: readonly GeneratedToken[]) {
  const entryOf = (token: GeneratedToken) => ({
    ...entry(vocabulary, { token: token.token, logprob: token.logprob ?? 0 }),
    top_logprobs: (token.topLogprobs ?? []).map((other) => entry(vocabulary, other)),
  });
  return listOf(tokens, entryOf);
}

export interface CompletionLogprobs {
  readonly tokens: Iterable<string>;
  readonly token_logprobs: Iterable<number>;
  readonly top_logprobs: Iterable<Record<string, number>>;
  /** To be written once. */
  readonly text_offset: Iterable<number>;
}

/** Where each token of a text begins, in characters. */
export class TextOffsets {
  readonly #assembler = new TextAssembler();
  #characters: number;

  /** `before`: text that stands before the first token. */
  constructor(before: string) {
    this.#characters = charactersOf(before);
  }

  /** A token that is only a part of a character begins where the character does. */
  next(bytes: Uint8Array): number {
    const offset = this.#characters;
    this.#characters += charactersOf(this.#assembler.push(bytes));
    return offset;
  }
}

/** Legacy completions' `logprobs`. */
export function completionLogprobs(
  { vocabulary, tokenTexts }: Pick<Serving, "vocabulary" | "tokenTexts">,
  tokens: readonly GeneratedToken[],
  offsets: TextOffsets,
): CompletionLogprobs {
  const textOf = (token: number) => tokenText(vocabulary.tokenBytes(token, "control"), "bytes:");
  const tops = (token: GeneratedToken) =>
    (token.topLogprobs ?? []).map((other): [string, number] => [textOf(other.token), finite(other.logprob)]);
  return {
    tokens: listOf(tokens, ({ token }) => textOf(token)),
    token_logprobs: listOf(tokens, ({ logprob }) => finite(logprob ?? 0)),
    top_logprobs: listOf(tokens, (token) => Object.fromEntries(tops(token))),
    text_offset: listOf(tokens, ({ token }) => offsets.next(tokenTexts.bytes(token, "thinking"))),
  };
}

function listOf<T>(tokens: readonly GeneratedToken[], entryOf: (token: GeneratedToken) => T): Iterable<T> {
  return longList(function* () {
    for (const token of tokens) yield entryOf(token);
  });
}

function entry(vocabulary: Vocabulary, { token, logprob }: TokenLogprob) {
  const bytes = vocabulary.tokenBytes(token, "control");
  return { id: token, token: tokenText(bytes, ""), logprob: finite(logprob), bytes: Array.from(bytes) };
}

/** OpenAI writes parts of characters as escapes, `\xe4\xbd`, so that each has a text of its own. */
function tokenText(bytes: Uint8Array, beforeEscapes: string): string {
  const text = Buffer.from(bytes).toString("utf8");
  if (Buffer.from(text).equals(bytes)) return text;
  return beforeEscapes + Array.from(bytes, (byte) => String.raw`\x${byte.toString(16).padStart(2, "0")}`).join("");
}

function charactersOf(text: string): number {
  return Array.from(text).length;
}

/** JSON has no infinity; OpenAI gives -9999 for a token that is as good as impossible. */
function finite(logprob: number): number {
  return Number.isFinite(logprob) ? logprob : -9999;
}
