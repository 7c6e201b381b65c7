import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { afterLook, type Look, UNKNOWN } from "./probe-verdict.ts";

const good: Look = { failure: undefined, isSilent: false, active: 0 };
const silent = (active: number): Look => ({ failure: "no response", isSilent: true, active });
const after = (...looks: readonly Look[]) => looks.reduce((verdict, look) => afterLook(verdict, look, 2), UNKNOWN);

describe("afterLook", () => {
  it("calls a server ready after good looks in a row, and counts bad ones in a row", () => {
    assert.equal(after(good, silent(0), good).isReady, false);
    assert.equal(after(good, silent(0), good, good).isReady, true);
    assert.equal(after(good, good, silent(0), silent(0)).bad, 2);
    assert.equal(after(good, good, silent(0), good).bad, 0);
  });

  it("holds no silence against a server that has a request, and does not take it for progress", () => {
    const verdict = after(good, good, silent(1), silent(1), silent(1));
    assert.deepEqual([verdict.bad, verdict.allGood], [0, 2]);
  });

  it("holds a response that is not well against it, requests or not", () => {
    const ill: Look = { failure: "it responded with 500", isSilent: false, active: 1 };
    assert.equal(after(good, good, ill, ill).bad, 2);
  });
});
