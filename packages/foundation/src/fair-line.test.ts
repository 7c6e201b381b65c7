import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FairLine } from "./fair-line.ts";

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
