import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { figureLine, kernelLimit } from "./figures.ts";

describe("a figure of the worker's speed", () => {
  it("stands beside the most that the kernels allow: the stock loops' two steps over one", () => {
    const costs = { 1: 65, 3: 153, 4: 158, 7: 303, 8: 307 };
    const lines = [8, 4].flatMap((count) => kernelLimit(count, costs).map(figureLine));
    assert.match(lines[0] ?? "", /^8 streams, most that one decode a step can gain here +1\.20 x$/);
    assert.match(lines[1] ?? "", /^4 streams, most that one decode a step can gain here +1\.38 x$/);
    assert.deepEqual(kernelLimit(16, costs), []);
  });

  it("shows the median of its rounds, the range, and whether the limit was met", () => {
    assert.match(
      figureLine({ name: "8 streams", unit: "x", rounds: [1.7, 1.5, 1.9], atLeast: 1.55 }),
      /^8 streams +1\.70 x +\(1\.50 … 1\.90, 3 rounds\) +at least 1\.55: met$/,
    );
  });
});
