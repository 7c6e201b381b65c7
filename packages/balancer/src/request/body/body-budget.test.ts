import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BodyBudget } from "./body-budget.ts";

describe("the memory for bodies", () => {
  it("leaves half of what others leave to yet others, whatever an owner holds", () => {
    const budget = new BodyBudget(() => 1000);
    const [one, two] = [budget.of("one"), budget.of("two")];
    assert.equal(one.take(500), true);
    assert.equal(one.take(1), false);
    assert.equal(two.take(250), true);
    assert.equal(two.take(1), false);
    assert.equal(budget.of("three").take(125), true);
    one.giveBack(500);
    assert.equal(budget.of("two").take(150), true, "the budget is of the owner, not of one request");
  });
});
