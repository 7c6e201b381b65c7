import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { BodyEnds } from "./body-ends.ts";

const endBytes = 16_384;
const body = Buffer.from(Array.from({ length: 40_000 }, (_, index) => `${index};`).join(""));

function endsOf(bytes: Buffer, partBytes: number): BodyEnds {
  const ends = new BodyEnds();
  // As connections do it, in a buffer that is used again.
  const shared = Buffer.alloc(partBytes);
  for (let at = 0; at < bytes.length; at += partBytes) {
    const length = bytes.copy(shared, 0, at, at + partBytes);
    ends.push(shared.subarray(0, length));
  }
  return ends;
}

describe("the two ends of a body", () => {
  for (const partBytes of [1, 130, 5000, endBytes, 20_000, 100_000]) {
    it(`are kept of a body in parts of ${partBytes} bytes`, () => {
      for (const length of [0, 1, 500, endBytes - 1, endBytes, endBytes + 1, 2 * endBytes, 50_000, body.length]) {
        const bytes = body.subarray(0, length);
        const ends = endsOf(bytes, partBytes);
        assert.ok(ends.head().equals(bytes.subarray(0, endBytes)), `head of ${length}`);
        assert.ok(ends.tail().equals(bytes.subarray(-endBytes)), `tail of ${length}`);
        assert.equal(ends.isEntire, length <= endBytes, String(length));
      }
    });
  }
});
