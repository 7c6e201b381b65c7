import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { MovingAverage } from "./moving-average.ts";

describe("a moving average", () => {
  it("is its first value, and moves by its share of the difference to each later one", () => {
    const average = new MovingAverage(0.5);
    assert.equal(average.value, undefined);
    for (const value of [10, 20, 20]) average.add(value);
    assert.equal(average.value, 17.5);
  });
});
