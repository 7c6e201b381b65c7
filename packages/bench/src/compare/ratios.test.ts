import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sampleReport } from "../test-support/sample-report.ts";
import { ratiosOf } from "./ratios.ts";
import type { CompareRound } from "./compare-report.ts";

const [one, other, third] = sampleReport().steps;
assert.ok(one !== undefined && other !== undefined && third !== undefined);
/** The same load as the first step's, nine responses where that one has five. */
const more = { ...other, load: one.load };
const failed = { ...third, load: one.load };
const round = (side: string, number: number, ...steps: CompareRound["steps"]): CompareRound => ({
  side,
  round: number,
  steps,
});

describe("the ratios of a comparison", () => {
  it("are the base's figure over the other's, within each round", () => {
    const rounds = [round("drover", 0, more), round("nginx", 0, one), round("nginx", 1, one), round("drover", 1, more)];
    const found = ratiosOf(rounds).find(({ metric }) => metric === "requests/s");
    // Nine responses against five, in both rounds.
    assert.ok(Math.abs((found?.ratio?.value ?? 0) - 9 / 5) < 1e-9);
    assert.deepEqual([found?.other, found?.load], ["nginx", one.load]);
  });

  it("are taken at the same load, in whatever order the loads were measured, and over all loads as a geometric mean", () => {
    const slow = { ...one, counts: { ...one.counts, requestsPerSecond: 0.1 } };
    const slowTwo = { ...other, counts: { ...other.counts, requestsPerSecond: 0.3 } };
    const found = ratiosOf([round("drover", 0, one, other), round("nginx", 0, slowTwo, slow)]);
    const requests = found.filter(({ metric }) => metric === "requests/s");
    assert.deepEqual(
      requests.map(({ load, ratio }) => [load, ratio?.value.toFixed(3)]),
      [
        [{ users: 1 }, "5.000"],
        [{ users: 2 }, "3.000"],
        [undefined, Math.sqrt(15).toFixed(3)],
      ],
    );
  });

  it("are bounds where the other side served nothing, rather than endless, and left out where the base did", () => {
    const found = ratiosOf([round("drover", 0, one), round("nginx", 0, failed)]);
    const requests = found.find(({ metric }) => metric === "requests/s");
    // Five responses in ten seconds against fewer than one.
    assert.deepEqual([requests?.ratio?.value.toFixed(3), requests?.bound], ["5.000", "at least"]);
    assert.equal(found.find(({ metric }) => metric === "response p95")?.ratio, undefined);
    const turned = ratiosOf([round("drover", 0, failed), round("nginx", 0, one)]);
    assert.ok(turned.every(({ ratio, bound }) => ratio === undefined && bound === undefined));
  });

  it("take the age of a request that still waits as the least response time of a side that answered none", () => {
    const counts = { ...failed.counts, failed: 0, unfinished: 4, oldestUnfinishedMs: 8000 };
    const found = ratiosOf([round("drover", 0, one), round("nginx", 0, { ...failed, counts })]);
    const response = found.find(({ metric }) => metric === "response p95");
    assert.ok(Math.abs((response?.ratio?.value ?? 0) - 200 / 8000) < 1e-4);
    assert.equal(response?.bound, "at most");
  });
});
