import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nounOf, plural, shortRanges, sizeText, wrap } from "./texts.ts";

describe("texts", () => {
  it("name one thing and several", () => {
    assert.deepEqual(
      [plural(1, "worker"), plural(0, "worker"), plural(2, "worker")],
      ["1 worker", "0 workers", "2 workers"],
    );
    assert.deepEqual([nounOf(1, "port"), nounOf(2, "port")], ["port", "ports"]);
  });

  it("show a size with one unit", () => {
    assert.deepEqual([1, 1023, 7 * 2 ** 10, 350.4 * 2 ** 20, 1.5 * 2 ** 30].map(sizeText), [
      "1 byte",
      "1023 bytes",
      "7 KiB",
      "350 MiB",
      "1.5 GiB",
    ]);
  });

  it("join neighbouring numbers to ranges", () => {
    assert.equal(shortRanges([0, 1, 2, 5, 7, 8]), "0-2,5,7-8");
    assert.equal(shortRanges([]), "");
  });

  it("break at blanks, and never inside a word", () => {
    assert.deepEqual(wrap("one two three", 8), ["one two", "  three"]);
    assert.deepEqual(wrap("averylongword b", 4), ["averylongword", "  b"]);
  });
});
