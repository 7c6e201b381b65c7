import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { inKeptTokens, textOfTokens } from "./kept-tokens.ts";

const encoder = new TextEncoder();
const CONTROL = 0;
const MARK = 1;

/** Each text has its token; the first two are none. */
class Texts {
  readonly #tokens = ["<end>", "<think>"];

  tokensOf(...texts: readonly string[]): number[] {
    return texts.map((text) => {
      const known = this.#tokens.indexOf(text);
      return known < 0 ? this.#tokens.push(text) - 1 : known;
    });
  }

  textOf(tokens: readonly number[]): string {
    return tokens.map((token) => this.#tokens[token]).join("");
  }

  readonly bytesOf = textOfTokens({
    tokenBytes: (token) => encoder.encode(token === CONTROL ? "" : this.#tokens[token]),
  });
}

describe("a prompt in the tokens of a kept state", () => {
  it("goes over to them where both say the same, and back where they end", () => {
    const texts = new Texts();
    const question = texts.tokensOf("Hi", "?");
    const kept = [...question, ...texts.tokensOf("he", "l", "lo", " th", "ere")];
    const prompt = [...question, ...texts.tokensOf("hello", " there"), CONTROL, ...texts.tokensOf("Bye")];
    const { tokens, keptTokens } = inKeptTokens(prompt, kept, texts.bytesOf);
    assert.deepEqual(tokens, [...kept, CONTROL, ...texts.tokensOf("Bye")]);
    assert.equal(keptTokens, kept.length);
  });

  it("ends at the last place that both have in common", () => {
    const texts = new Texts();
    const kept = texts.tokensOf("he", "llo", " wor");
    const prompt = texts.tokensOf("hel", "lo", " world");
    const { tokens, keptTokens } = inKeptTokens(prompt, kept, texts.bytesOf);
    assert.deepEqual(tokens, texts.tokensOf("he", "llo", " world"));
    assert.equal(keptTokens, 2);
  });

  it("takes no control token and no mark for its text", () => {
    const texts = new Texts();
    const said = texts.tokensOf("a", "<th", "ink>", "b");
    const marked = [...texts.tokensOf("a"), MARK, ...texts.tokensOf("b")];
    assert.deepEqual(inKeptTokens(said, marked, texts.bytesOf), { tokens: said, keptTokens: 1 });
    const ended = [...texts.tokensOf("a"), CONTROL, ...texts.tokensOf("b")];
    assert.deepEqual(inKeptTokens(texts.tokensOf("a", "b"), ended, texts.bytesOf), {
      tokens: texts.tokensOf("a", "b"),
      keptTokens: 1,
    });
  });

  it("has the prompt's text, and begins with the kept tokens as far as the text is the same, whatever both are", () => {
    const pieces = fc.array(fc.constantFrom("a", "b", "ab", "ba", "aab", "汉", "字", "汉字"), { maxLength: 30 });
    fc.assert(
      fc.property(pieces, pieces, (keptPieces, promptPieces) => {
        const texts = new Texts();
        const kept = texts.tokensOf(...keptPieces);
        const prompt = texts.tokensOf(...promptPieces);
        const { tokens, keptTokens } = inKeptTokens(prompt, kept, texts.bytesOf);
        assert.equal(texts.textOf(tokens), texts.textOf(prompt));
        assert.deepEqual(tokens.slice(0, keptTokens), kept.slice(0, keptTokens));
        // Behind it there is no other place to which both say the same.
        const ends = new Set(prompt.map((_, index) => texts.textOf(prompt.slice(0, index + 1))));
        const next = kept.findIndex(
          (_, index) => index >= keptTokens && ends.has(texts.textOf(kept.slice(0, index + 1))),
        );
        assert.equal(next, -1);
      }),
    );
  });
});
