import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseRange } from "./ranges.ts";

describe("a range of whole numbers", () => {
  it("is two numbers that do not fall, with two dots between them", () => {
    assert.deepEqual(parseRange("2..8"), { min: 2, max: 8 });
    assert.deepEqual(parseRange("3..3"), { min: 3, max: 3 });
    for (const text of ["8..2", "2", "2..", "..8", "2...8", "-1..2", "1.5..2", "a..b", "1..99999999999999999"])
      assert.equal(parseRange(text), undefined, text);
  });
});
