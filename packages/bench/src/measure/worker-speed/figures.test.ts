import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { figureLine, kernelLimit, planLimit } from "./figures.ts";

describe("a figure of the worker's speed", () => {
  it("stands beside the most that the kernels allow: the stock loops' two steps over one", () => {
    const costs = { 1: 65, 3: 153, 4: 158, 7: 303, 8: 307 };
    const lines = [8, 4].flatMap((count) => kernelLimit(count, costs).map(figureLine));
    assert.match(lines[0] ?? "", /^8 streams, most that one decode a step can gain here +1\.20 x$/);
    assert.match(lines[1] ?? "", /^4 streams, most that one decode a step can gain here +1\.38 x$/);
    assert.deepEqual(kernelLimit(16, costs), []);
  });

  it("stands beside the most that a plan can gain: by padding to a cheaper size, by cutting, or by nothing", () => {
    const costs = { 1: 41, 2: 78, 3: 110, 4: 100, 5: 173, 6: 238, 7: 347, 8: 349 };
    const gain = (count: number): string => planLimit(count, 8, costs).map(figureLine).join();
    assert.match(gain(3), /^3 streams, most that padding and cutting can gain here +1\.10 x$/);
    assert.match(gain(8), / +1\.75 x$/);
    assert.match(gain(2), / +1\.00 x$/);
    assert.deepEqual(planLimit(12, 8, costs), []);
  });

  it("shows the median of its rounds, the range, and whether the limit was met", () => {
    assert.match(
      figureLine({ name: "8 streams", unit: "x", rounds: [1.7, 1.5, 1.9], atLeast: 1.55 }),
      /^8 streams +1\.70 x +\(1\.50 … 1\.90, 3 rounds\) +at least 1\.55: met$/,
    );
  });
});
