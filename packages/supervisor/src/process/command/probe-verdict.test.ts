import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { afterLook, type Look, UNKNOWN } from "./probe-verdict.ts";

const idle = { active: 0, progress: 0 };
const good: Look = { failure: undefined, isSilent: false, activity: idle };
const silent = (activity: Look["activity"]): Look => ({ failure: "no response", isSilent: true, activity });
const after = (...looks: readonly Look[]) => looks.reduce((verdict, look) => afterLook(verdict, look, 2), UNKNOWN);

describe("afterLook", () => {
  it("calls a server ready after good looks in a row, and counts bad ones in a row", () => {
    assert.equal(after(good, silent(idle), good).isReady, false);
    assert.equal(after(good, silent(idle), good, good).isReady, true);
    assert.equal(after(good, good, silent(idle), silent(idle)).bad, 2);
    assert.equal(after(good, good, silent(idle), good).bad, 0);
  });

  it("holds no silence against a server that has a request, but lets the time without progress be seen", () => {
    const busy = silent({ active: 1, progress: 1 });
    const verdict = after(good, good, busy, busy, busy);
    assert.deepEqual([verdict.bad, verdict.steps], [0, after(good, good, busy).steps]);
    assert.ok(after(good, good, busy, silent({ active: 1, progress: 2 })).steps > after(good, good, busy, busy).steps);
  });

  it("holds an answer that is not well against it, requests or not", () => {
    const ill: Look = { failure: "it responded with 500", isSilent: false, activity: { active: 1, progress: 1 } };
    assert.equal(after(good, good, ill, ill).bad, 2);
  });
});
