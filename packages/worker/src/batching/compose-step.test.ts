import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { composeStep } from "./compose-step.ts";

const show = (entries: ReturnType<typeof composeStep>) =>
  entries.map(({ slot, tokens }) => `${slot}:${tokens}`).join(" ");
const once = (...slots: readonly number[]) => new Map(slots.map((slot) => [slot, 1]));

describe("the order of a step", () => {
  it("is ascending inside a group, with a throw-away token for a hole", () => {
    assert.equal(show(composeStep([{ first: 0, last: 3 }], once(0, 1, 3))), "0:1 1:1 2:0 3:1");
  });

  it("puts the higher of two neighbouring groups first, so that llama.cpp does not join them", () => {
    const groups = [
      { first: 0, last: 1 },
      { first: 2, last: 3 },
    ];
    assert.equal(show(composeStep(groups, once(0, 1, 2, 3))), "2:1 3:1 0:1 1:1");
  });

  it("puts a prompt outside of all groups by itself", () => {
    const wanted = new Map([...once(0, 1), [2, 40]] as const);
    assert.equal(show(composeStep([{ first: 0, last: 1 }], wanted)), "2:40 0:1 1:1");
  });
});
