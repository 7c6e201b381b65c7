import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createLineScanner } from "./line-scanner.ts";

const STREAM = Buffer.from(': t 1 2\ndata: {"a":"鸡 🐇"}\n\nevent: x\r\ndata:two\r\n\r\ndata: [DONE]\n\n');

describe("the line scanner", () => {
  it("finds the same data lines wherever the network cuts the stream, also inside of a character", () => {
    for (let cut = 0; cut <= STREAM.length; cut += 1) {
      const seen: string[] = [];
      const scan = createLineScanner((data) => seen.push(data));
      scan(STREAM.subarray(0, cut));
      scan(STREAM.subarray(cut));
      assert.deepEqual(seen, ['{"a":"鸡 🐇"}', "two", "[DONE]"], `cut at ${cut}`);
    }
  });

  it("takes one byte at a time and gives out nothing before a line's end", () => {
    const seen: string[] = [];
    const scan = createLineScanner((data) => seen.push(data));
    for (const byte of STREAM.subarray(0, STREAM.length - 2)) scan(Buffer.from([byte]));
    assert.equal(seen.length, 2);
    scan(Buffer.from("\n"));
    assert.equal(seen.length, 3);
  });
});
