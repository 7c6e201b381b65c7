import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { SlotsByPrefix } from "./slots-by-prefix.ts";

/** The same draws on each run: a check that fails by chance says nothing of what was changed. */
fc.configureGlobal({ seed: 20_261_123 });

const run = (from: number, length: number) => Array.from({ length }, (_, index) => from + index);

describe("slots by prefix", () => {
  it("finds the longest common prefix, to the token", () => {
    const index = new SlotsByPrefix();
    index.set(0, run(0, 40));
    index.set(1, [...run(0, 37), 900, 901]);
    assert.deepEqual(index.longest([...run(0, 38), 77]), { slots: [0], length: 38 });
    assert.deepEqual(index.longest([...run(0, 37), 900, 5]), { slots: [1], length: 38 });
    assert.deepEqual(index.longest(run(0, 37)), { slots: [0, 1], length: 37 });
  });

  it("forgets what a slot held before", () => {
    const index = new SlotsByPrefix();
    index.set(0, run(0, 40));
    index.set(0, run(100, 40));
    assert.equal(index.longest(run(0, 40)).length, 0);
    index.delete(0);
    assert.equal(index.longest(run(100, 40)).length, 0);
  });

  it("agrees with a comparison of all tokens", () => {
    const tokens = fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 70 });
    fc.assert(
      fc.property(fc.array(tokens, { maxLength: 6 }), tokens, (held, prompt) => {
        const index = new SlotsByPrefix();
        for (const [slot, each] of held.entries()) index.set(slot, each);
        const common = held.map((each) => {
          const end = each.findIndex((token, place) => token !== prompt[place]);
          return end < 0 ? Math.min(each.length, prompt.length) : end;
        });
        const best = Math.max(0, ...common);
        assert.equal(index.longest(prompt).length, best < 16 ? 0 : best);
      }),
    );
  });
});
