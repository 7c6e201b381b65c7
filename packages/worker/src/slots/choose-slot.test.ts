import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { chooseSlot } from "./choose-slot.ts";

/** Slots that hold so many tokens; the first was used longest ago. */
const slots = (...held: readonly number[]) => held.map((evaluated, id) => ({ id, evaluated, lastUse: id }));

describe("choosing a slot", () => {
  const all = slots(100, 0, 300, 0);

  it("takes the free slot that holds the longest common prefix", () => {
    assert.deepEqual(chooseSlot(all, all, { slots: [2], length: 290 }, true), { slot: all[2], cachedTokens: 290 });
  });

  it("takes the one of several holders that loses the least", () => {
    const held = slots(190, 110, 150);
    assert.equal(chooseSlot(held, held, { slots: [0, 1, 2], length: 100 }, true).slot, held[1]);
  });

  it("copies a shared beginning rather than overwrite a long chat that goes on from it", () => {
    const choice = chooseSlot(all, all, { slots: [2], length: 80 }, true);
    assert.deepEqual(choice, { slot: all[1], cachedTokens: 80, copyFrom: all[2] });
  });

  it("copies from a busy slot, but not a few tokens", () => {
    const free = all.slice(0, 2);
    assert.equal(chooseSlot(free, all, { slots: [2], length: 80 }, true).copyFrom, all[2]);
    assert.deepEqual(chooseSlot(free, all, { slots: [2], length: 20 }, true), { slot: all[1], cachedTokens: 0 });
  });

  it("takes the lowest empty slot, else the least recently used one", () => {
    assert.equal(chooseSlot(all, all, { slots: [], length: 0 }, true).slot, all[1]);
    const full = slots(5, 6, 7);
    assert.equal(chooseSlot(full, full, { slots: [], length: 0 }, true).slot, full[0]);
  });

  it("goes back to a checkpoint of a state that can't be cut", () => {
    const kept = [{ id: 0, evaluated: 300, lastUse: 0, checkpoint: { tokens: 200 } }];
    const match = { slots: [0], length: 250 };
    assert.deepEqual(chooseSlot(kept, kept, match, false), { slot: kept[0], cachedTokens: 200 });
    assert.equal(chooseSlot(kept, kept, { ...match, length: 190 }, false).cachedTokens, 0);
  });

  it("uses a state that can't be cut only as a whole", () => {
    assert.equal(chooseSlot(all, all, { slots: [2], length: 290 }, false).cachedTokens, 0);
    assert.equal(chooseSlot(all, all, { slots: [2], length: 300 }, false).cachedTokens, 300);
  });
});
