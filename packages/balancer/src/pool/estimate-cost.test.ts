import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { estimateCostSeconds } from "./estimate-cost.ts";

const idle = { active: 0, msPerChar: 10, meanServiceMs: 4000 };
const busy = { ...idle, active: 1 };

describe("what placing a request costs", () => {
  it("is less on an idle worker than beside another request, for a prompt that is soon read", () => {
    const cached = estimateCostSeconds({ ...busy, uncachedChars: 0 });
    assert.ok(estimateCostSeconds({ ...idle, uncachedChars: 150 }) < cached);
  });

  it("is less where a long prompt is held, even beside others", () => {
    const cached = estimateCostSeconds({ ...busy, active: 2, uncachedChars: 0 });
    assert.ok(cached < estimateCostSeconds({ ...idle, uncachedChars: 4000 }));
  });

  it("is the prompt alone while nothing is known of a worker", () => {
    const unknown = { active: 3, msPerChar: undefined, meanServiceMs: undefined };
    assert.equal(estimateCostSeconds({ ...unknown, uncachedChars: 400 }), 1);
  });
});
