import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sampleCompare } from "../test-support/sample-compare.ts";
import { judgeExpectations, parseExpectation, verdictText } from "./expectations.ts";

/** Drover has 2 and 3 times the requests/s of the other side at one and two users. */
const report = sampleCompare({ 1: [2, 1], 2: [3, 1] });
const judged = (text: string) => judgeExpectations(report, [parseExpectation(text)]);
const met = (text: string) => judged(text).map(({ amount, isMet }) => [amount, isMet]);

describe("an expectation of a comparison", () => {
  it("is about each load, about some, or about the mean over all", () => {
    assert.deepEqual(met("requests/s >= 2.5"), [
      [1, false],
      [2, true],
    ]);
    assert.deepEqual(met("requests/s <= 2.5 at 1"), [[1, true]]);
    assert.deepEqual(met("requests/s >= 2.4 overall"), [[undefined, true]]);
    assert.deepEqual(met("requests/s >= 2.5 overall"), [[undefined, false]]);
  });

  it("fails where its load was not measured, and says so", () => {
    const [verdict] = judged("requests/s >= 1 at 8");
    assert.ok(verdict !== undefined);
    assert.equal(verdict.isMet, false);
    assert.equal(verdictText(verdict), "FAIL  requests/s >= 1 at 8: not measured at 8, over llama-server");
  });

  it("is refused where it can't be read, or no comparison has its figure", () => {
    for (const text of ["requests/s", "requests/s > 1", "requests/s >= 1 at", "TTFT p96 <= 1", "ITL p50, streams <= 1"])
      assert.throws(() => parseExpectation(text), { code: "bad_option" }, text);
    assert.equal(parseExpectation("TTFT p50, turns 2 to 8 <= 0.7 at 4,8").metric, "TTFT p50, turns 2 to 8");
  });
});
