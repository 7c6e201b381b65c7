import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { chooseSlot } from "./choose-slot.ts";

/** Slots that hold so many tokens; the first was used longest ago. */
const slots = (...held: readonly number[]) => held.map((evaluated, id) => ({ id, evaluated, lastUse: id }));

const cuts = { canCutState: true, leastCopied: 32, hasSnapshots: false };

describe("choosing a slot", () => {
  const all = slots(100, 0, 300, 0);

  it("takes the free slot that holds the longest common prefix", () => {
    assert.deepEqual(chooseSlot(all, all, { slots: [2], length: 290 }, cuts), { slot: all[2], cachedTokens: 290 });
  });

  it("takes the one of several holders that loses the least", () => {
    const held = slots(190, 110, 150);
    assert.equal(chooseSlot(held, held, { slots: [0, 1, 2], length: 100 }, cuts).slot, held[1]);
  });

  it("copies a shared beginning rather than overwrite a long chat that goes on from it", () => {
    const choice = chooseSlot(all, all, { slots: [2], length: 80 }, cuts);
    assert.deepEqual(choice, { slot: all[1], cachedTokens: 80, copyFrom: all[2] });
  });

  it("copies from a busy slot, but not a few tokens", () => {
    const free = all.slice(0, 2);
    assert.equal(chooseSlot(free, all, { slots: [2], length: 80 }, cuts).copyFrom, all[2]);
    assert.deepEqual(chooseSlot(free, all, { slots: [2], length: 20 }, cuts), { slot: all[1], cachedTokens: 0 });
  });

  it("takes the lowest empty slot, else the least recently used one", () => {
    assert.equal(chooseSlot(all, all, { slots: [], length: 0 }, cuts).slot, all[1]);
    const full = slots(5, 6, 7);
    assert.equal(chooseSlot(full, full, { slots: [], length: 0 }, cuts).slot, full[0]);
  });

  it("takes the lowest free slot where snapshots keep what it holds, but its own chat's slot first", () => {
    const rules = { ...cuts, hasSnapshots: true };
    assert.equal(chooseSlot(all, all, { slots: [], length: 0 }, rules).slot, all[0]);
    assert.equal(chooseSlot(all, all, { slots: [2], length: 290 }, rules).slot, all[2]);
  });

  it("goes back to a checkpoint of a state that can't be cut", () => {
    const kept = [{ id: 0, evaluated: 300, lastUse: 0, checkpoint: { tokens: 200 } }];
    const match = { slots: [0], length: 250 };
    assert.deepEqual(chooseSlot(kept, kept, match, { ...cuts, canCutState: false }), {
      slot: kept[0],
      cachedTokens: 200,
    });
    assert.equal(chooseSlot(kept, kept, { ...match, length: 190 }, { ...cuts, canCutState: false }).cachedTokens, 0);
  });

  it("uses a state that can't be cut only as a whole", () => {
    assert.equal(chooseSlot(all, all, { slots: [2], length: 290 }, { ...cuts, canCutState: false }).cachedTokens, 0);
    assert.equal(chooseSlot(all, all, { slots: [2], length: 300 }, { ...cuts, canCutState: false }).cachedTokens, 300);
  });
});
