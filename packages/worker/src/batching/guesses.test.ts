import { completeSettings } from "../worker-options.ts";
import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { systemClock } from "@drover/foundation/clock";
import type { Engine } from "../engine/engine.ts";
import { GREEDY } from "../generation-contract.ts";
import { generateTokens } from "../test-support/generate-tokens.ts";
import { q40Costs } from "../test-support/step-costs.ts";
import { openTinyEngine } from "../test-support/tiny-engine.ts";
import { parseOptions } from "../worker-options.ts";
import { SlotPool } from "../slots/slot-pool.ts";

describe("guessing tokens", () => {
  let engine: Engine;
  before(async () => {
    engine = await openTinyEngine({ slots: 1, contextTokens: 512 });
  });
  after(() => engine.dispose());

  it("is off unless it was asked for", () => {
    assert.equal(parseOptions(JSON.stringify({ modelPath: "m.gguf", port: 0, threads: 1, slots: 1 })).speculate, "off");
  });

  it("ends for a response whose guesses do not hold often enough to pay, while there are still guesses to make", async () => {
    const parts = { engine, clock: systemClock, costs: q40Costs };
    const pool = new SlotPool({ ...parts, settings: completeSettings({ speculate: "lookup" }) });
    // Five tokens at random: their pairs come again and again, and what follows is another one mostly.
    const sampling = { ...GREEDY, temperature: 1, logitBias: new Map([1, 2, 3, 4, 5].map((token) => [token, 1000])) };
    const { tokens } = await generateTokens(pool, [1, 2, 1], 400, { sampling, cachePrompt: false });
    const { tried } = pool.facts()["drafts"] as { readonly tried: number };
    assert.equal(new Set(tokens).size, 5);
    assert.ok(tried > 0 && tried < 60, `${tried} guesses`);
    assert.ok(pool.steps > 350, `${pool.steps} steps`);
  });
});
