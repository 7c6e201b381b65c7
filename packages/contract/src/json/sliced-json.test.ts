import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { writeJsonInSlices } from "./sliced-json.ts";

const text = 'ä\u0000"'.repeat(50_000);

describe("A long value as JSON", () => {
  it("is what JSON.stringify makes of it, at each level", async () => {
    for (const value of [
      [text, [], {}, [text], { a: text, b: undefined, c: [{ d: text }] }, 1, null],
      Array.from({ length: 3000 }, (_, index) => [index, { [`n${index}`]: "a" }]),
      { a: {}, b: Array.from({ length: 3000 }, () => []) },
      [],
    ])
      assert.equal(await writeJsonInSlices(value), JSON.stringify(value));
  });

  it("is given up as soon as it has more characters than it may have", async () => {
    const value = [text, text];
    const { length } = JSON.stringify(value);
    assert.equal((await writeJsonInSlices(value, length)).length, length);
    await assert.rejects(writeJsonInSlices(value, length - 1), RangeError);
  });
});
