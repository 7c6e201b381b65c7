import { completeSettings } from "../worker-options.ts";
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "@drover/foundation/clock";
import { type Generated, generateTokens } from "../test-support/generate-tokens.ts";
import { assertSameText } from "../test-support/same-text.ts";
import { q40Costs } from "../test-support/step-costs.ts";
import { openTinyEngine } from "../test-support/tiny-engine.ts";
import { tinyMamba, tinyGemma2 } from "../test-support/tiny-models.ts";
import { SlotPool } from "./slot-pool.ts";

function prompt(length: number, seed: number): readonly number[] {
  return Array.from({ length }, (_, index) => (seed * 131 + index * 37 + ((index * index) % 89)) % 400);
}

const models = { recurrent: tinyMamba(), "sliding-window": tinyGemma2(32) };

describe("a checkpoint of a recurrent model", () => {
  it("lets the next turn of a chat go on from the prompt before, though the response in it has other tokens", async () => {
    const engine = await openTinyEngine({ slots: 2, contextTokens: 512, model: tinyMamba() });
    const pool = new SlotPool({
      engine,
      clock: systemClock,
      costs: q40Costs,
      settings: completeSettings(),
    });
    let history: readonly number[] = prompt(100, 1);
    const cached: number[] = [];
    for (let turn = 0; turn < 4; turn++) {
      const beside = generateTokens(pool, prompt(60, 7 + turn), 20);
      const { tokens, cachedTokens } = await generateTokens(pool, history, 10);
      await beside;
      cached.push(cachedTokens);
      const alone = await generateTokens(pool, history, 10, { cachePrompt: false, topLogprobs: 2 });
      assertSameText(tokens, alone, `turn ${turn}`);
      history = [...history, ...tokens.slice(0, 5), 399, ...prompt(20, 20 + turn)];
    }
    assert.equal(cached[0], 0);
    assert.ok(
      cached.slice(1).some((tokens) => tokens >= 100),
      String(cached),
    );
    await engine.dispose();
  });
});

for (const [kind, model] of Object.entries(models)) {
  describe(`a ${kind} model`, () => {
    it("generates the tokens of one plain sequence, whoever its neighbours and whatever its slot held", async () => {
      const engine = await openTinyEngine({ slots: 4, contextTokens: 512, model });
      const parts = { engine, clock: systemClock };
      const prompts = Array.from({ length: 24 }, (_, index) => [
        ...prompt(100, index % 3),
        ...prompt(20 + (index % 7), index),
      ]);
      const expected: Generated[] = [];
      const plain = new SlotPool({ ...parts, costs: undefined, settings: completeSettings() });
      for (const each of prompts)
        expected.push(await generateTokens(plain, each, 12, { cachePrompt: false, topLogprobs: 2 }));
      assert.ok(new Set(expected.map(({ tokens }) => String(tokens))).size > 12, "the responses depend on the prompts");
      const pool = new SlotPool({ ...parts, costs: q40Costs, settings: completeSettings({ speculate: "lookup" }) });
      const results = await Promise.all(prompts.map((each) => generateTokens(pool, each, 12)));
      let same = 0;
      for (const [index, { tokens }] of results.entries())
        same += assertSameText(tokens, expected[index] as Generated, `prompt ${index}`);
      assert.ok(same > 0.9 * 12 * prompts.length, `${same} tokens are the same`);
      const cached = results.reduce((sum, { cachedTokens }) => sum + cachedTokens, 0);
      if (engine.model.canCutState) assert.ok(cached > 1000, `only ${cached} tokens came from kept prefixes`);
      await engine.dispose();
    });
  });
}
