import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { SharedWork } from "./shared-work.ts";

describe("work that many ask for", () => {
  it("is done once for all who come while it is done before, and never twice at a time", async () => {
    const shared = new SharedWork<number>();
    let [begun, atOnce, most] = [0, 0, 0];
    const work = async () => {
      const mine = ++begun;
      most = Math.max(most, ++atOnce);
      await new Promise(setImmediate);
      atOnce -= 1;
      return mine;
    };
    const first = shared.do("a", work);
    const others = Array.from({ length: 50 }, () => shared.do("a", work));
    assert.equal(await first, 1);
    const late = shared.do("a", work);
    assert.deepEqual(new Set(await Promise.all(others)), new Set([2]));
    assert.equal(await late, 3, "it came when the second had begun");
    assert.equal(await shared.do("a", work), 4);
    assert.equal(most, 1);
  });

  it("fails for those alone that it was done for", async () => {
    const shared = new SharedWork<string>();
    const failed = shared.do("a", () => Promise.reject(new Error("no")));
    const next = shared.do("a", () => Promise.resolve("yes"));
    const other = shared.do("b", () => Promise.resolve("other"));
    await assert.rejects(failed, /no/);
    assert.deepEqual([await next, await other], ["yes", "other"]);
  });
});
