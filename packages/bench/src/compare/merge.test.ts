import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sampleCompare } from "../test-support/sample-compare.ts";
import { mergeReports, parseCompareReport } from "./merge.ts";

const named = (name: string, report: ReturnType<typeof sampleCompare>) =>
  parseCompareReport(name, JSON.stringify(report));

describe("merged comparisons", () => {
  it("have the loads of all files, and the mean over them", () => {
    const merged = mergeReports([named("a", sampleCompare({ 1: [4, 1] })), named("b", sampleCompare({ 2: [1, 1] }))]);
    const ratios = merged.ratios.filter(({ metric }) => metric === "requests/s");
    assert.deepEqual(
      ratios.map(({ load, ratio }) => [load, ratio?.value.toFixed(3)]),
      [
        [{ users: 1 }, "4.000"],
        [{ users: 2 }, "1.000"],
        [undefined, "2.000"],
      ],
    );
    assert.match(merged.notes.join("\n"), /Put together from a, b/);
  });

  it("keep rounds of different files apart: sides are compared within the run that measured them", () => {
    const again = { ...sampleCompare({ 1: [9, 1] }), settings: { ...sampleCompare({}).settings, seed: 2 } };
    const merged = mergeReports([named("a", sampleCompare({ 1: [4, 1] })), named("b", again)]);
    const ratio = merged.ratios.find(({ metric }) => metric === "requests/s")?.ratio;
    assert.equal(ratio?.value.toFixed(3), "6.000");
    assert.deepEqual([ratio?.low?.toFixed(3), ratio?.high?.toFixed(3)], ["4.000", "9.000"]);
  });

  it("are refused where they were measured in different ways, or are something else", () => {
    const one = named("a.json", sampleCompare({ 1: [1, 1] }));
    const other = named("b.json", { ...sampleCompare({ 2: [1, 1] }), preset: "chat" });
    assert.throws(() => mergeReports([one, other]), { code: "bad_option", message: /a\.json and b\.json .* preset/s });
    for (const text of ["", "{", '{"kind":"bench"}', "null"])
      assert.throws(() => parseCompareReport("c.json", text), { code: "bad_option", message: /c\.json is no report/ });
  });
});
