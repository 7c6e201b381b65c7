import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { toHalf } from "./half-float.ts";

describe("toHalf", () => {
  it("rounds to the nearest half-precision number, with subnormals and infinities", () => {
    const cases: readonly (readonly [number, number])[] = [
      [0, 0],
      [1, 0x3c00],
      [-2, 0xc000],
      [65_504, 0x7bff],
      [1e6, 0x7c00],
      [2 ** -14, 0x0400],
      [2 ** -24, 0x0001],
      [-(2 ** -15), 0x8200],
      [1e-10, 0],
      [1 + 1 / 1024, 0x3c01],
    ];
    for (const [value, bits] of cases) assert.equal(toHalf(value), bits, String(value));
  });
});
