import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { linearCosts, q40Costs, q4kCosts, wideCosts } from "../test-support/step-costs.ts";
import { draftTokens } from "./draft-tokens.ts";
import { planDrafts } from "./plan-drafts.ts";

/** The same draws on each run: a check that fails by chance says nothing of what was changed. */
fc.configureGlobal({ seed: 20_261_123 });

describe("drafting tokens", () => {
  it("guesses what followed the last time", () => {
    assert.deepEqual(draftTokens([1, 2, 3, 4, 5, 9, 2, 3], 2), [4, 5]);
    assert.deepEqual(draftTokens([7, 8, 1, 7, 8, 2, 7, 8], 1), [2]);
  });

  it("believes the longest run first", () => {
    assert.deepEqual(draftTokens([1, 2, 3, 4, 50, 0, 2, 3, 4, 60, 1, 2, 3, 4], 1), [50]);
  });

  it("guesses nothing where nothing repeats", () => {
    assert.deepEqual(draftTokens([1, 2, 3, 4], 4), []);
    assert.deepEqual(draftTokens([1], 4), []);
  });
});

describe("planning drafts", () => {
  const alone = { ms: 41, decoding: 1, costs: q40Costs };

  it("verifies a draft that probably holds, up to the size that costs least a token", () => {
    assert.deepEqual([...planDrafts([{ slot: 0, drafted: 7, odds: 0.95 }], alone)], [[0, 7]]);
    assert.deepEqual([...planDrafts([{ slot: 0, drafted: 4, odds: 0.8 }], alone)], [[0, 3]]);
  });

  it("leaves a draft that probably fails, or that costs as much as decoding", () => {
    assert.equal(planDrafts([{ slot: 0, drafted: 7, odds: 0.3 }], alone).size, 0);
    assert.equal(planDrafts([{ slot: 0, drafted: 7, odds: 1 }], { ms: 10, decoding: 1, costs: linearCosts }).size, 0);
  });

  it("plans only what raises the tokens a second of the whole step, by the odds and the costs", () => {
    const choice = fc.record({
      drafted: fc.integer({ min: 0, max: 7 }),
      odds: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    const step = fc.record({
      choices: fc.array(choice, { minLength: 1, maxLength: 8 }),
      costs: fc.constantFrom(q40Costs, q4kCosts, wideCosts, linearCosts),
    });
    fc.assert(
      fc.property(step, ({ choices, costs }) => {
        const decoding = choices.length;
        const ms = costs.groupMs(decoding);
        const slots = choices.map((each, slot) => ({ ...each, slot }));
        const plan = planDrafts(slots, { ms, decoding, costs });
        let [tokens, stepMs] = [decoding, ms];
        for (const [slot, length] of plan) {
          const { drafted = 0, odds = 0 } = choices[slot] ?? {};
          assert.ok(length >= 1 && length <= drafted);
          for (let index = 1; index <= length; index++) tokens += odds ** index;
          stepMs = decoding === 1 ? costs.groupMs(1 + length) : stepMs + costs.groupMs(length);
        }
        assert.ok(plan.size === 0 || tokens / stepMs > decoding / ms, `${tokens} in ${stepMs} ms`);
      }),
    );
  });

  it("does not make seven others wait for one slot's draft", () => {
    const together = { ms: 159, decoding: 8, costs: q40Costs };
    assert.equal(planDrafts([{ slot: 0, drafted: 7, odds: 0.9 }], together).size, 0);
  });
});
