import { completeSettings } from "../worker-options.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "@drover/foundation/clock";
import { generateTokens } from "../test-support/generate-tokens.ts";
import { openTinyEngine } from "../test-support/tiny-engine.ts";
import type { Engine } from "../engine/engine.ts";
import { GREEDY } from "../generation-contract.ts";
import { SlotPool } from "../slots/slot-pool.ts";
import { commonPrefix } from "./slots-by-prefix.ts";

function prompt(length: number, seed: number): readonly number[] {
  return Array.from({ length }, (_, index) => (seed * 131 + index * 37 + ((index * index) % 89)) % 400);
}

function poolOf(engine: Engine): SlotPool {
  return new SlotPool({ engine, clock: systemClock, costs: undefined, settings: completeSettings() });
}

describe("a prompt that begins like one that is being read", () => {
  it("waits for the common part alone, not for the rest of the other", async () => {
    const engine = await openTinyEngine({ slots: 2, contextTokens: 1024 });
    const pool = poolOf(engine);
    const shared = prompt(100, 1);
    const ended: string[] = [];
    const ask = async (name: string, rest: readonly number[]) => {
      const result = await generateTokens(pool, [...shared, ...rest], 1);
      ended.push(name);
      return result;
    };
    const long = ask("long", prompt(800, 2));
    const short = ask("short", prompt(5, 3));
    assert.equal((await short).cachedTokens, 100);
    await long;
    assert.deepEqual(ended, ["short", "long"]);
    await engine.dispose();
  });
});

describe("short prompts that are the same", () => {
  it("are read once where they come together", async () => {
    const engine = await openTinyEngine({ slots: 4, contextTokens: 1024 });
    const pool = poolOf(engine);
    const results = await Promise.all([1, 2, 3, 4].map(() => generateTokens(pool, prompt(40, 1), 3)));
    assert.deepEqual(
      results.map(({ cachedTokens }) => cachedTokens),
      [0, 39, 39, 39],
    );
    await engine.dispose();
  });
});

describe("a chat's next turn", () => {
  const ABC = Array.from({ length: 26 }, (_, index) => String.fromCodePoint(97 + index)).join("");

  it("goes on from the response in the tokens that the model wrote it in, for its owner alone", async () => {
    const engine = await openTinyEngine({ slots: 2, contextTokens: 1024 });
    const pool = poolOf(engine);
    const { vocabulary } = engine;
    const question = vocabulary.tokenize(`${ABC} ${ABC}`, "plain");
    // Letters of a word that has a token: a tokenizer would find longer ones.
    const letters = " the".split("").flatMap((letter) => vocabulary.tokenize(letter, "plain"));
    const owner = { id: "ada", shares: "own" } as const;
    const logitBias = new Map(letters.map((token) => [token, 100]));
    const first = await generateTokens(pool, question, 60, {
      owner,
      sampling: { ...GREEDY, temperature: 1, logitBias },
    });
    const response = Buffer.concat(first.tokens.map((token) => vocabulary.tokenBytes(token, "plain"))).toString();
    const prompt = vocabulary.tokenize(`${ABC} ${ABC}${response} and then?`, "plain");
    const shared = commonPrefix(prompt, [...question, ...first.tokens]);
    assert.ok(shared < question.length + 50, `only ${shared} tokens are the tokenizer's`);

    const own = pool.inKeptTokens({ prompt, owner });
    assert.deepEqual(own.slice(0, question.length + 59), [...question, ...first.tokens.slice(0, 59)]);
    assert.deepEqual(pool.inKeptTokens({ prompt, owner: { ...owner, id: "bob" } }), prompt);
    const second = await generateTokens(pool, own, 1, { owner });
    assert.equal(second.cachedTokens, question.length + 59);
    await engine.dispose();
  });
});
