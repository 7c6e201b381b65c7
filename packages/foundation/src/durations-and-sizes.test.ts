import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { parseDuration, parseSize } from "./durations-and-sizes.ts";

describe("durations and sizes", () => {
  it("reads a duration with any of its units, and a bare number by the unit of the caller", () => {
    assert.deepEqual(
      ["500ms", "10s", "1.5m", "2h", "1d", "250", " 3 s ", "0"].map((text) => parseDuration(text)),
      [500, 10_000, 90_000, 7_200_000, 86_400_000, 250, 3_000, 0],
    );
    assert.equal(parseDuration("10", "s"), 10_000);
  });

  it("reads no duration that is negative, malformed, or longer than a timer can hold", () => {
    for (const text of ["-1s", "10 minutes", "", "s", "1e3", "25d", "0x10", "1.5.5s", "1 s s"])
      assert.equal(parseDuration(text), undefined, text);
  });

  it("reads a size in powers of 1024, however its unit is written", () => {
    assert.deepEqual(["10MiB", "10MB", "10m", "512k", "2G", "1.5KiB", "7B", "7", "0", "1T"].map(parseSize), [
      10_485_760,
      10_485_760,
      10_485_760,
      524_288,
      2_147_483_648,
      1_536,
      7,
      7,
      0,
      2 ** 40,
    ]);
  });

  it("reads no size that is negative, malformed or beyond exact numbers", () => {
    for (const text of ["-1", "10X", "MiB", "9007199254740992", "99999999T", "1.2.3k"])
      assert.equal(parseSize(text), undefined, text);
  });
});
