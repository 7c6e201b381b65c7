import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { findKnee } from "./knee.ts";

const curve = (...ys: number[]) => ys.map((y, index) => ({ x: index + 1, y }));

describe("the knee", () => {
  it("is where throughput stops to grow", () => {
    assert.equal(findKnee(curve(1, 2, 3, 4, 4.1, 4.1, 4.2)), 4);
  });

  it("is not found on a straight line, a flat one, or with too few points", () => {
    assert.equal(findKnee(curve(1, 2, 3, 4)), undefined);
    assert.equal(findKnee(curve(3, 3, 3)), undefined);
    assert.equal(findKnee(curve(1, 5)), undefined);
    assert.equal(findKnee([]), undefined);
  });
});
