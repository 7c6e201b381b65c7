import { completeSettings } from "../worker-options.ts";
import assert from "node:assert/strict";
import { after, before, it } from "node:test";
import { measureStepCosts } from "./measure-step-costs.ts";
import { StepCostLearner } from "./step-cost-learner.ts";
import type { BatchPart, Engine } from "../engine/engine.ts";
import { generateTokens } from "../test-support/generate-tokens.ts";
import { openTinyEngine } from "../test-support/tiny-engine.ts";
import { SlotPool } from "../slots/slot-pool.ts";

let engine: Engine;
before(async () => {
  engine = await openTinyEngine({ slots: 4, contextTokens: 512 });
});
after(() => engine.dispose());

/** The real engine on a clock by which a decode takes 20 ms, and 5 more for each token: what else the machine does is not in it. */
function timed() {
  let nowMs = 0;
  const decode = async (parts: readonly BatchPart[]) => {
    nowMs += 20 + 5 * parts.reduce((sum, { tokens }) => sum + tokens.length, 0);
    return await engine.decode(parts);
  };
  const after = (delayMs: number, action: () => void) => {
    const turn = setImmediate(() => {
      nowMs += delayMs;
      action();
    });
    return () => clearImmediate(turn);
  };
  return { engine: { ...engine, decode }, clock: { epochMs: () => nowMs, monotonicMs: () => nowMs, after } };
}

it("a size that was measured far too dear is corrected by the steps of running requests", async () => {
  const { engine: steady, clock } = timed();
  const measured = (await measureStepCosts(steady, clock)) ?? [];
  const wrong = measured.map(({ tokens, ms }) => ({ tokens, ms: tokens === 3 ? 50 * ms : ms }));
  let corrections = 0;
  const learner = new StepCostLearner(wrong, () => (corrections += 1));
  const { costs } = learner;
  const dear = costs.groupMs(3);
  const pool = new SlotPool({ engine: steady, clock, costs, learner, settings: completeSettings() });
  for (let round = 0; round < 20 && costs.groupMs(3) > dear / 5; round++) {
    await generateTokens(pool, [1, 2], 20, { cachePrompt: false });
    await Promise.all([1, 2, 3].map((token) => generateTokens(pool, [token], 100, { cachePrompt: false })));
  }
  assert.ok(costs.groupMs(3) <= dear / 5, `${costs.groupMs(3)} of ${dear}`);
  assert.ok(corrections > 0);
});
