import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import type { Ownership } from "../batching/ownership.ts";
import { OwnedPrefixes } from "./owned-prefixes.ts";
import { commonPrefix } from "./slots-by-prefix.ts";

/** The same draws on each run: a check that fails by chance says nothing of what was changed. */
fc.configureGlobal({ seed: 20_261_127 });

/** What one may use of the other's state by the rule itself. */
function usable(
  holder: Ownership & { tokens: readonly number[] },
  asker: Ownership,
  prompt: readonly number[],
): number {
  const common = commonPrefix(holder.tokens, prompt);
  const most = holder.owner === asker.owner ? common : Math.min(common, holder.sharedTokens, asker.sharedTokens);
  return most < 16 ? 0 : most;
}

describe("states that have owners", () => {
  const ownership = { owner: fc.constantFrom("", "a", "b"), sharedTokens: fc.integer({ min: 0, max: 40 }) };
  const tokens = fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 70 });
  const holders = fc.array(fc.record({ ...ownership, tokens, goes: fc.boolean() }), { maxLength: 6 });

  it("are found as far as the asker may use them, and no further", () => {
    fc.assert(
      fc.property(holders, fc.record(ownership), tokens, (held, asker, prompt) => {
        const index = new OwnedPrefixes();
        for (const [slot, each] of held.entries()) index.set(slot, each.tokens, each);
        for (const [slot, each] of held.entries()) if (each.goes) index.delete(slot);
        const lengths = held.map((each) => (each.goes ? 0 : usable(each, asker, prompt)));
        const found = index.longest(prompt, asker);
        assert.equal(found.length, Math.max(0, ...lengths));
        for (const slot of found.slots) assert.equal(lengths[slot], found.length);
      }),
    );
  });
});
