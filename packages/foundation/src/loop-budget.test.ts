import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { LoopBudget } from "./loop-budget.ts";

/** How many pieces of work fall into each turn of the loop. */
async function turnsOf(budget: LoopBudget, works: readonly (readonly number[])[]): Promise<readonly number[]> {
  const turns: number[] = [0];
  const state = { isOver: false };
  const count = () => {
    turns.push(0);
    if (!state.isOver) setImmediate(count);
  };
  setImmediate(count);
  const work = async (amounts: readonly number[]) => {
    for (const amount of amounts) {
      await budget.spend(amount);
      turns[turns.length - 1] = (turns.at(-1) ?? 0) + 1;
    }
  };
  await Promise.all(works.map(work));
  state.isOver = true;
  return turns;
}

describe("the budget of a turn of the loop", () => {
  it("is one for all, however many want some", async () => {
    const works = Array.from({ length: 100 }, () => [10, 10]);
    const turns = await turnsOf(new LoopBudget(20), works);
    assert.ok(Math.max(...turns) <= 2, `${Math.max(...turns)} in a turn`);
    assert.equal(
      turns.reduce((sum, each) => sum + each, 0),
      200,
    );
  });

  it("is overdrawn by one at the most, and makes nobody wait who is alone with little", async () => {
    const budget = new LoopBudget(100);
    assert.equal(budget.spend(60), undefined);
    assert.equal(budget.spend(60), undefined);
    assert.ok(budget.spend(1) instanceof Promise);
    await budget.spend(1);
    assert.ok(Math.max(...(await turnsOf(new LoopBudget(100), [[1000], [1000], [1000]]))) <= 1);
  });

  it("is given to the least first, and else to who came first", async () => {
    const budget = new LoopBudget(1);
    const order: number[] = [];
    const amounts = [1, 5, 5.5, 2, 5, 3];
    await Promise.all(
      amounts.map(async (amount) => {
        await budget.spend(amount);
        order.push(amount);
      }),
    );
    assert.deepEqual(order, [1, 2, 3, 5, 5, 5.5]);
  });
});
