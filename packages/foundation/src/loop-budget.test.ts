import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FairLine, LoopBudget } from "./loop-budget.ts";

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

  it("is overdrawn by nothing but what is more than a turn has, and makes nobody wait who is alone with little", async () => {
    const budget = new LoopBudget(100);
    assert.equal(budget.spend(60), undefined);
    assert.ok(budget.spend(60) instanceof Promise);
    assert.ok(budget.spend(1) instanceof Promise);
    await budget.spend(1);
    assert.equal(new LoopBudget(100).spend(1000), undefined);
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

describe("a line in which the small go first", () => {
  it("keeps the order of those of one size", () => {
    const line = new FairLine<string>();
    for (const [item, size] of [
      ["large", 9],
      ["first", 2],
      ["second", 2],
      ["small", 1],
    ] as const)
      line.add(item, size);
    assert.deepEqual(
      [1, 2, 3, 4, 5].map(() => line.shift()),
      ["small", "first", "second", "large", undefined],
    );
  });

  it("lets a large item wait no longer than for its own size of small ones, however many keep coming", () => {
    const line = new FairLine<string>();
    line.add("large", 10);
    let small = 0;
    do {
      line.add("small", 1);
      small += 1;
    } while (line.shift() !== "large");
    assert.equal(small, 10);
  });
});
