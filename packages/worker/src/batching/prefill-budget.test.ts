import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { q40Costs, q4kCosts, wideCosts } from "../test-support/step-costs.ts";
import { prefillBudget, sharePrefill } from "./prefill-budget.ts";
import type { StepCosts } from "./step-costs.ts";

/** The same draws on each run: a check that fails by chance says nothing of what was changed. */
fc.configureGlobal({ seed: 20_261_123 });

const quiet = { decode: 1, prompt: 1 };
const step = { targetMs: 250, measured: true, slowness: quiet, batchTokens: 512 };
const long = [{ slot: 0, remaining: 1500, age: 1 }];

/** Tokens of one long prompt beside `decoding` slots. */
function beside(decoding: number, costs: StepCosts, more: Partial<typeof step> = {}): number {
  const budget = prefillBudget({ ...step, decoding, decodeMs: costs.groupMs(decoding), ...more });
  return sharePrefill(long, budget, costs, 1).get(0) ?? 0;
}

const tokens = (count: number) => ({ tokens: count, ms: Number.POSITIVE_INFINITY });

describe("the prompt budget of a step", () => {
  it("keeps the step within the target where decoding leaves room, and uses the room", () => {
    assert.equal(beside(1, q40Costs), 8);
    assert.ok(q40Costs.groupMs(1) + q40Costs.groupMs(8) <= 250);
  });

  it("keeps a step of four or more within two and a half times the step without prompts, on each table", () => {
    const cases = fc.record({
      costs: fc.constantFrom(q40Costs, q4kCosts, wideCosts),
      decoding: fc.integer({ min: 4, max: 8 }),
      slowness: fc.double({ min: 1, max: 4, noNaN: true }),
      remaining: fc.array(fc.integer({ min: 1, max: 1500 }), { minLength: 1, maxLength: 6 }),
      turn: fc.nat(),
    });
    fc.assert(
      fc.property(cases, ({ costs, decoding, slowness, remaining, turn }) => {
        const decodeMs = costs.groupMs(decoding);
        const both = { decode: slowness, prompt: slowness };
        const budget = prefillBudget({ ...step, decoding, decodeMs, slowness: both });
        const waiting = remaining.map((tokens, slot) => ({ slot, remaining: tokens, age: slot }));
        const pieces = [...sharePrefill(waiting, budget, costs, turn).values()];
        const ms = pieces.reduce((sum, tokens) => sum + costs.groupMs(tokens), decodeMs);
        assert.ok(ms <= 2.5 * decodeMs, `${pieces.join("+")} beside ${decoding}: ${ms} of ${decodeMs} ms`);
        const total = remaining.reduce((sum, tokens) => sum + tokens, 0);
        assert.ok(pieces.reduce((sum, tokens) => sum + tokens, 0) >= Math.min(4, total, ...remaining), "no progress");
      }),
    );
  });

  it("takes the sizes that kernels of sixteen tokens like", () => {
    assert.equal(beside(8, wideCosts), 16);
    assert.equal(beside(0, wideCosts), 32, "between 32 and 48 each token is as dear as all up to 48");
    assert.equal(beside(4, wideCosts), 4);
  });

  it("shrinks where prompts are slower than measured, and does not grow where decoding is", () => {
    const roomy = { targetMs: 1000 };
    assert.ok(beside(1, q40Costs, { ...roomy, slowness: { decode: 1, prompt: 2 } }) <= beside(1, q40Costs, roomy) / 2);
    assert.ok(beside(1, q40Costs, { ...roomy, slowness: { decode: 4, prompt: 1 } }) < beside(1, q40Costs, roomy));
  });

  it("goes on by a few tokens however slow the machine is", () => {
    assert.equal(beside(8, q40Costs, { slowness: { decode: 8, prompt: 8 }, targetMs: 1 }), 8);
    assert.equal(beside(1, q40Costs, { slowness: { decode: 8, prompt: 8 }, targetMs: 1 }), 4);
  });

  it("is larger when nobody decodes, but never more than a batch holds", () => {
    assert.ok(beside(0, q40Costs) > 100);
    const unmeasured = prefillBudget({ ...step, measured: false, decoding: 0, decodeMs: 0 });
    assert.equal(sharePrefill(long, unmeasured, undefined, 1).get(0), 512);
  });
});

describe("sharing the prompt budget", () => {
  const prompts = [
    { slot: 0, remaining: 1000, age: 1 },
    { slot: 1, remaining: 30, age: 2 },
    { slot: 2, remaining: 300, age: 3 },
  ];

  it("gives the prompt with the fewest tokens left its share first", () => {
    assert.deepEqual(
      [...sharePrefill(prompts, tokens(64), undefined, 1)],
      [
        [1, 30],
        [2, 34],
      ],
    );
  });

  it("opens each fourth step with the oldest prompt", () => {
    assert.deepEqual([...sharePrefill(prompts, tokens(64), undefined, 4)], [[0, 64]]);
  });

  it("finishes a long prompt however many short ones come", () => {
    let remaining = 1000;
    let turn = 0;
    for (; remaining > 0 && turn < 400; turn++) {
      const short = { slot: 1, remaining: 64, age: 10 + turn };
      remaining -= sharePrefill([{ slot: 0, remaining, age: 1 }, short], tokens(64), undefined, turn).get(0) ?? 0;
    }
    assert.ok(turn <= 64, `${turn} steps`);
  });

  it("never gives more than the budget or than a prompt has", () => {
    const prompt = fc.record({ remaining: fc.integer({ min: 1, max: 500 }), age: fc.nat() });
    fc.assert(
      fc.property(
        fc.array(prompt, { maxLength: 8 }),
        fc.integer({ min: 1, max: 512 }),
        fc.nat(),
        (row, budget, turn) => {
          const waiting = row.map((each, slot) => ({ ...each, slot }));
          const shares = sharePrefill(waiting, tokens(budget), undefined, turn);
          const total = [...shares.values()].reduce((sum, tokens) => sum + tokens, 0);
          assert.equal(
            total,
            Math.min(
              budget,
              waiting.reduce((sum, { remaining }) => sum + remaining, 0),
            ),
          );
          for (const { slot, remaining } of waiting) assert.ok((shares.get(slot) ?? 0) <= remaining);
        },
      ),
    );
  });
});
