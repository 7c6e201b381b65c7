import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { TokenTexts } from "../../generation/output/token-texts.ts";
import { byteVocabulary as vocabulary } from "../../test-support/byte-vocabulary.ts";
import { TextOffsets, chatLogprobs, completionLogprobs } from "./token-logprobs.ts";

const tokens = vocabulary.tokenize("a🐑b", "plain").map((token) => ({ token, logprob: -1 }));

describe("Log-probabilities of tokens that are parts of a character", () => {
  it("have a text of their own, as OpenAI escapes it, and their bytes", () => {
    const entries = [...chatLogprobs(vocabulary, tokens)];
    assert.deepEqual(
      entries.map(({ token }) => token),
      ["a", "\\xf0", "\\x9f", "\\x90", "\\x91", "b"],
    );
    assert.deepEqual(entries[1]?.bytes, [0xf0]);
  });

  it("keep alternatives apart, and count offsets in whole characters, over several chunks too", () => {
    const serving = { vocabulary, tokenTexts: new TokenTexts(vocabulary) };
    const offsets = new TextOffsets("🐑🐑");
    const topLogprobs = [0xe4, 0xe5].map((token) => ({ token, logprob: -2 }));
    const first = completionLogprobs(serving, [...tokens.slice(0, 2), { token: 0x9f, topLogprobs }], offsets);
    assert.deepEqual([...first.text_offset], [2, 3, 3]);
    assert.deepEqual([...first.top_logprobs][2], { "bytes:\\xe4": -2, "bytes:\\xe5": -2 });
    const { text_offset: next } = completionLogprobs(serving, tokens.slice(3), offsets);
    assert.deepEqual([...next], [3, 3, 4]);
  });
});
