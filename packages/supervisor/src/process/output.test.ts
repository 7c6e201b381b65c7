import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { finished } from "node:stream/promises";
import { describe, it } from "node:test";
import { readLines } from "./output.ts";

async function linesOf(parts: readonly string[]): Promise<string[]> {
  const lines: string[] = [];
  const stream = Readable.from(parts.map((part) => Buffer.from(part, "latin1")));
  readLines(stream, (line) => lines.push(line));
  await finished(stream);
  return lines;
}

describe("what a worker prints", () => {
  it("is read line by line, however its bytes arrive, and so are the bars that begin their line anew", async () => {
    assert.deepEqual(await linesOf(["a\nb", "c\r\n\xc3", "\xa9\r10%\r20%", "\nlast"]), [
      "a",
      "bc",
      "é",
      "10%",
      "20%",
      "last",
    ]);
  });

  it("is cut where it never ends a line", async () => {
    const lines = await linesOf(Array.from({ length: 100 }, () => "x".repeat(10_000)));
    assert.equal(lines.join("").length, 1_000_000);
    assert.ok(lines.every((line) => line.length <= 65_536));
  });
});
