import type { Vocabulary } from "../engine/engine.ts";
import { commonPrefix } from "./slots-by-prefix.ts";

/** The bytes of a token of plain text; undefined for one that means more than its text. */
export type TextOf = (token: number) => Uint8Array | undefined;

const LESS_THAN = 0x3c;
const GREATER_THAN = 0x3e;

/** Control tokens are no text, and neither are marks such as `<think>`, which a tokenizer also writes in pieces where a client says them. */
export function textOfTokens(vocabulary: Pick<Vocabulary, "tokenBytes">): TextOf {
  return (token) => {
    const bytes = vocabulary.tokenBytes(token, "plain");
    const isMark = bytes.length > 2 && bytes[0] === LESS_THAN && bytes.at(-1) === GREATER_THAN;
    return bytes.length === 0 || isMark ? undefined : bytes;
  };
}

/**
 * The same prompt in the tokens that a kept state has for the same text. A model need not write a text in the tokens that a tokenizer
 * finds for it, so the prompt of a chat's next turn differs from what was computed somewhere in the response, and all behind that would be
 * evaluated again.
 *
 * @returns the prompt's tokens, and how many of the first are the kept state's
 */
export function inKeptTokens(
  prompt: readonly number[],
  kept: readonly number[],
  textOf: TextOf,
): { readonly tokens: readonly number[]; readonly keptTokens: number } {
  let ends: Ends | undefined = { kept: commonPrefix(kept, prompt), prompt: commonPrefix(kept, prompt) };
  let reached = ends;
  while (ends !== undefined) {
    reached = ends;
    ends = nextSameText(kept, prompt, reached, textOf);
  }
  const tokens = [...kept.slice(0, reached.kept), ...prompt.slice(reached.prompt)];
  return { tokens, keptTokens: reached.kept };
}

/** Up to where both say the same. */
interface Ends {
  readonly kept: number;
  readonly prompt: number;
}

/** The ends of the shortest pieces from here on that have the same text, or are the same token. */
function nextSameText(
  kept: readonly number[],
  prompt: readonly number[],
  from: Ends,
  textOf: TextOf,
): Ends | undefined {
  const next = kept[from.kept];
  if (next !== undefined && next === prompt[from.prompt]) return { kept: from.kept + 1, prompt: from.prompt + 1 };
  const texts = { kept: new PieceText(kept, from.kept, textOf), prompt: new PieceText(prompt, from.prompt, textOf) };
  for (;;) {
    const a = texts.kept.rest();
    const b = texts.prompt.rest();
    if (a === undefined || b === undefined) return undefined;
    const common = Math.min(a.length, b.length);
    for (let index = 0; index < common; index++) if (a[index] !== b[index]) return undefined;
    texts.kept.take(common);
    texts.prompt.take(common);
    if (a.length === b.length) return { kept: texts.kept.end, prompt: texts.prompt.end };
  }
}

/** Reads the bytes of tokens one after the other. */
class PieceText {
  end: number;
  readonly #tokens: readonly number[];
  readonly #textOf: TextOf;
  #rest: Uint8Array = new Uint8Array();

  constructor(tokens: readonly number[], from: number, textOf: TextOf) {
    this.#tokens = tokens;
    this.end = from;
    this.#textOf = textOf;
  }

  /** What is left of the token that is being read, or the next one. Undefined: there is no text any more. */
  rest(): Uint8Array | undefined {
    if (this.#rest.length > 0) return this.#rest;
    const token = this.#tokens[this.end];
    const text = token === undefined ? undefined : this.#textOf(token);
    if (text === undefined) return undefined;
    this.end += 1;
    this.#rest = text;
    return text;
  }

  take(bytes: number): void {
    this.#rest = this.#rest.subarray(bytes);
  }
}
