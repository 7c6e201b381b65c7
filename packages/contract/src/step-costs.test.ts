import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { estimateCosts } from "./step-costs.ts";

const one = [
  { tokens: 1, ms: 78 },
  { tokens: 4, ms: 212 },
  { tokens: 8, ms: 425 },
];

describe("the step costs of a number of threads", () => {
  it("are estimated between the counts that were measured, and beyond them by a bit less than in proportion", () => {
    const tables = new Map([
      [1, one],
      [4, one.map(({ tokens, ms }) => ({ tokens, ms: ms / 4 }))],
    ]);
    assert.deepEqual(
      estimateCosts(tables, 2).map(({ ms }) => ms),
      one.map(({ ms }) => ms / 2),
    );
    const eight = estimateCosts(tables, 8)[0]?.ms ?? 0;
    assert.ok(eight > 78 / 8 && eight < 78 / 4, `${eight} ms`);
  });
});
