import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { longestOf, phrasesOf } from "./token-bytes.ts";

const facts = (texts: readonly string[]) => {
  const bytesOf = (token: number) => Buffer.from(texts[token] ?? "");
  return { longest: longestOf(texts.length, bytesOf), phrases: phrasesOf(texts.length, bytesOf) };
};

describe("what is known of a vocabulary's tokens", () => {
  it("is the length of the longest, and those that go over a blank between letters", () => {
    const texts = ["a", " word", "  ", "a b", "is é", "1 2", "x "];
    assert.deepEqual(facts(texts), { longest: 5, phrases: ["a b", "is é"] });
  });

  it("is no list of phrases where there are many: then any token may go over a blank", () => {
    assert.equal(facts(Array.from({ length: 65 }, (_, index) => `a b${index}`)).phrases, undefined);
  });
});
