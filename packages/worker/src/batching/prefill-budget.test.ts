import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { q40Costs } from "../test-support/step-costs.ts";
import { prefillBudget, sharePrefill } from "./prefill-budget.ts";

const step = { targetMs: 250, costs: q40Costs, slowness: 1, batchTokens: 512 };

describe("the prompt budget of a step", () => {
  it("keeps the step within the target while slots decode", () => {
    for (const [decoding, decodeMs] of [
      [1, 41],
      [4, 90],
    ] as const) {
      const tokens = prefillBudget({ ...step, decoding, decodeMs });
      assert.ok(tokens >= 4 && decodeMs + q40Costs.groupMs(tokens) <= 250, `${tokens}`);
    }
  });

  it("keeps the step within two and a half times a step without prompts where four or more decode", () => {
    for (const [decoding, decodeMs] of [
      [4, 90],
      [8, 159],
      [16, 320],
    ] as const) {
      const tokens = prefillBudget({ ...step, decoding, decodeMs });
      assert.ok(decodeMs + q40Costs.groupMs(tokens) <= 2.5 * decodeMs, `${tokens} beside ${decodeMs} ms`);
    }
  });

  it("shrinks on a machine that is slower than measured", () => {
    const patient = { ...step, targetMs: 1000, decoding: 1 };
    const quick = prefillBudget({ ...patient, decodeMs: 41 });
    assert.ok(prefillBudget({ ...patient, slowness: 2, decodeMs: 82 }) < quick / 2);
  });

  it("goes on by a few tokens however slow decoding is", () => {
    assert.equal(prefillBudget({ ...step, slowness: 100, decoding: 8, decodeMs: 2000 }), 4);
  });

  it("is larger when nobody decodes, but never more than a batch holds", () => {
    assert.ok(prefillBudget({ ...step, decoding: 0, decodeMs: 0 }) > 100);
    assert.equal(prefillBudget({ ...step, costs: undefined, decoding: 0, decodeMs: 0 }), 512);
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
      [...sharePrefill(prompts, 64, 1)],
      [
        [1, 30],
        [2, 34],
      ],
    );
  });

  it("opens each fourth step with the oldest prompt", () => {
    assert.deepEqual([...sharePrefill(prompts, 64, 4)], [[0, 64]]);
  });

  it("finishes a long prompt however many short ones come", () => {
    let remaining = 1000;
    let turn = 0;
    for (; remaining > 0 && turn < 400; turn++) {
      const short = { slot: 1, remaining: 64, age: 10 + turn };
      remaining -= sharePrefill([{ slot: 0, remaining, age: 1 }, short], 64, turn).get(0) ?? 0;
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
          const shares = sharePrefill(waiting, budget, turn);
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
