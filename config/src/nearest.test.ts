import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { nearest } from "./nearest.ts";

describe("nearest", () => {
  const known = ["slots", "threads", "context", "firstPort"];

  it("finds the word behind a slip: a letter less, more, other or swapped, or another case", () => {
    assert.deepEqual(
      ["slot", "slotss", "slits", "solts", "FIRSTPORT"].map((word) => nearest(word, known)),
      ["slots", "slots", "slots", "slots", "firstPort"],
    );
  });

  it("guesses nothing where nothing is near", () => {
    assert.equal(nearest("banana", known), undefined);
    assert.equal(nearest("", known), undefined);
    assert.equal(nearest("slots", []), undefined);
  });

  it("prefers the nearer of two", () => {
    assert.equal(nearest("thread", ["tread", "threads", "throat"]), "tread");
    assert.equal(nearest("threadss", ["tread", "threads"]), "threads");
  });
});
