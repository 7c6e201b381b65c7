import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pickOverLimit } from "./memory-guard.ts";
import { fitsBeside, planRoll } from "./roll-plan.ts";

const members = [1, 2, 3].map((index) => ({ id: String(index), index, recipe: "old" }));

describe("planRoll", () => {
  it("replaces nothing when every worker is as it should be", () => {
    assert.deepEqual(
      planRoll(members, 3, () => "old"),
      { replace: [], add: [], remove: [] },
    );
  });

  it("replaces, adds and removes by index, and replaces nothing that goes anyway", () => {
    assert.deepEqual(
      planRoll(members, 2, () => "new"),
      { replace: ["1", "2"], add: [], remove: ["3"] },
    );
    assert.deepEqual(
      planRoll(members, 5, () => "new"),
      { replace: ["1", "2", "3"], add: [4, 5], remove: [] },
    );
    assert.deepEqual(
      planRoll(members, 3, (index) => (index === 2 ? "new" : "old")),
      { replace: ["2"], add: [], remove: [] },
    );
  });
});

describe("fitsBeside", () => {
  it("wants room for the whole new worker and some to spare", () => {
    assert.equal(fitsBeside(2 ** 30, 2 ** 30 + 2 ** 28), true);
    assert.equal(fitsBeside(2 ** 30, 2 ** 30 + 2 ** 28 - 1), false);
  });
});

describe("pickOverLimit", () => {
  it("picks the largest of those over the limit, and none without a limit", () => {
    const memories = [
      { id: "1", bytes: 5 },
      { id: "2", bytes: 9 },
      { id: "3", bytes: 7 },
    ];
    assert.equal(pickOverLimit(memories, 6)?.id, "2");
    assert.equal(pickOverLimit(memories, 9), undefined);
    assert.equal(pickOverLimit(memories, 0), undefined);
  });
});
