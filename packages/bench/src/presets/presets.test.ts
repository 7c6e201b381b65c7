import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { seededRandom } from "../random.ts";
import { findPreset, presetNames } from "./presets.ts";

const context = (seed: number) => ({ random: seededRandom(seed), wordsPerToken: 1 });
const words = (text: string) => text.split(/\s+/).length;

describe("the presets", () => {
  it("ask the same questions for the same seed, and others for another", () => {
    for (const name of presetNames) {
      const ask = (seed: number) => {
        const conversation = findPreset(name).conversation(context(seed));
        return Array.from({ length: 4 }, () => {
          const { messages } = conversation.next();
          conversation.responded("yes");
          return messages;
        });
      };
      assert.deepEqual(ask(1), ask(1), name);
      assert.notDeepEqual(ask(1), ask(2), name);
    }
  });

  it("small-team asks in Chinese and in English", () => {
    const conversation = findPreset("small-team").conversation(context(1));
    const asked = Array.from({ length: 50 }, () => conversation.next().messages[0]?.content ?? "");
    assert.ok(asked.some((question) => /鸡兔同笼/.test(question)));
    assert.ok(asked.some((question) => /prime number/.test(question)));
    assert.ok(asked.some((question) => /Python/.test(question)));
  });

  it("chat grows by every response and begins anew after eight turns; a failed question is replaced", () => {
    const conversation = findPreset("chat").conversation(context(1));
    const lengths = Array.from({ length: 9 }, () => {
      const { length } = conversation.next().messages;
      conversation.responded("yes");
      return length;
    });
    assert.deepEqual(lengths, [1, 3, 5, 7, 9, 11, 13, 15, 1]);
    assert.equal(conversation.next().messages.length, 3);
    assert.equal(conversation.next().messages.length, 3);
  });

  it("ask never asks the same and lets responses have from 20 to 77 tokens", () => {
    const preset = findPreset("ask");
    const conversation = preset.conversation(context(1));
    const asked = Array.from({ length: 50 }, () => conversation.next().messages[0]?.content ?? "");
    assert.equal(new Set(asked).size, 50);
    assert.ok(asked.every((question) => words(question) === 51));
    const { responseTokens, responseSpread = 0 } = preset;
    assert.deepEqual(
      [1 - responseSpread, 1 + responseSpread].map((share) => Math.round(responseTokens * share)),
      [20, 77],
    );
  });

  it("chat tells first turns from later ones", () => {
    const conversation = findPreset("chat").conversation(context(1));
    const kinds = Array.from({ length: 9 }, () => conversation.next().kind);
    assert.deepEqual(kinds.toSpliced(2, 6), ["first turns", "turns 2 to 8", "first turns"]);
  });

  it("rag sends about 2,000 tokens that never repeat; shared-system repeats its first 800", () => {
    const rag = findPreset("rag").conversation(context(1));
    const [first, second] = [rag.next(), rag.next()].map(({ messages }) => messages.at(-1)?.content ?? "");
    assert.ok(Math.abs(words(first ?? "") - 2000) < 100);
    assert.notEqual(first, second);
    const systems = [1, 2].map(
      (seed) => findPreset("shared-system").conversation(context(seed)).next().messages[0]?.content,
    );
    assert.equal(systems[0], systems[1]);
    assert.equal(words(systems[0] ?? ""), 800);
  });
});
