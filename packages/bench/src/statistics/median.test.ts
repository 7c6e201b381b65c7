import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { medianInterval } from "./median.ts";

describe("the interval of a median", () => {
  it("lies between the ranks that the binomial distribution says, in whatever order the values come", () => {
    const values = Array.from({ length: 18 }, (_, index) => ((index * 7) % 18) + 1);
    assert.deepEqual(medianInterval(values), { value: 9.5, low: 5, high: 14 });
    assert.deepEqual(medianInterval([1, 1000, 3, 2, 5, 4]), { value: 3.5, low: 1, high: 1000 });
  });

  it("is not known of five values or fewer", () => {
    assert.deepEqual(medianInterval([3, 1, 2, 5, 4]), { value: 3, low: null, high: null });
  });
});
