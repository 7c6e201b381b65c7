import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fitsBeside, pickOverLimit } from "./memory-guard.ts";

describe("fitsBeside", () => {
  it("wants room for the whole new worker and some to spare", () => {
    assert.equal(fitsBeside(2 ** 30, 2 ** 30 + 2 ** 28), true);
    assert.equal(fitsBeside(2 ** 30, 2 ** 30 + 2 ** 28 - 1), false);
  });
});

describe("pickOverLimit", () => {
  it("picks the largest of those over the limit, or none", () => {
    const memories = [
      { id: "1", bytes: 5 },
      { id: "2", bytes: 9 },
      { id: "3", bytes: 7 },
    ];
    assert.equal(pickOverLimit(memories, 6)?.id, "2");
    assert.equal(pickOverLimit(memories, 9), undefined);
  });
});
