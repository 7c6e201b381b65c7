import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sampleReport } from "../test-support/sample-report.ts";
import { ratiosOf } from "./ratios.ts";
import type { CompareRound } from "./run-compare.ts";

const [one, two, failed] = sampleReport().steps;
const round = (side: string, number: number, ...steps: CompareRound["steps"]): CompareRound => ({
  side,
  round: number,
  steps,
});
assert.ok(one !== undefined && two !== undefined && failed !== undefined);

describe("the ratios of a comparison", () => {
  it("are the base's figure over the other's, within each round", () => {
    const rounds = [round("drover", 0, two), round("nginx", 0, one), round("nginx", 1, one), round("drover", 1, two)];
    const found = ratiosOf(rounds, "drover").find(({ metric }) => metric === "requests/s");
    // Nine answers against five, in both rounds.
    assert.ok(Math.abs((found?.ratio?.value ?? 0) - 9 / 5) < 1e-9);
    assert.deepEqual([found?.other, found?.load], ["nginx", two.load]);
  });

  it("are left out where a side served nothing, rather than made endless", () => {
    const rounds = [round("drover", 0, one), round("nginx", 0, failed)];
    assert.ok(ratiosOf(rounds, "drover").every(({ metric, ratio }) => metric === "tokens/s" || ratio === undefined));
  });
});
