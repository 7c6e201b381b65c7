import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { ModelDescription, Vocabulary } from "../../engine/engine.ts";
import { askScripted } from "../../test-support/ask-scripted.ts";
import { byteVocabulary } from "../../test-support/byte-vocabulary.ts";

const BOS = 257;
/** Control tokens of the byte vocabulary, by the names that a model has for filling in. */
const MARKS = ["<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"];
const vocabulary: Vocabulary = {
  ...byteVocabulary,
  tokenize: (text, kind) => (MARKS.includes(text) ? [258 + MARKS.indexOf(text)] : byteVocabulary.tokenize(text, kind)),
};
const model: Partial<ModelDescription> = { bosToken: BOS, addsBosToken: true };

async function promptOf(path: string, body: object, more = model) {
  const { status, response, requests } = await askScripted(path, body, [{ text: "x" }], more, vocabulary);
  return { status, response: JSON.stringify(response), prompt: requests[0]?.prompt };
}

describe("A prompt without a template", () => {
  it("begins with the model's own token where a text is to be filled in, in every API", async () => {
    for (const [path, body] of [
      ["/v1/completions", { prompt: "a", suffix: "c" }],
      ["/api/generate", { prompt: "a", suffix: "c", stream: false }],
      ["/infill", { input_prefix: "a", input_suffix: "c" }],
    ] as const) {
      const { prompt } = await promptOf(path, body);
      assert.deepEqual(prompt, [BOS, 258, 97, 259, 99, 260], path);
    }
  });

  it("is refused where it is empty and the model has no token to begin with", async () => {
    for (const path of ["/v1/completions", "/completion"]) {
      const { status, response } = await promptOf(path, { prompt: "" }, { eosToken: undefined });
      assert.deepEqual([status, response.includes("'prompt'")], [400, true], path);
    }
  });
});
