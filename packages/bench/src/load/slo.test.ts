import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StepReport } from "./run-step.ts";
import { judgeSlo } from "../plan/judge-slo.ts";
import { parseSlo } from "./slo.ts";

const step = (users: number, met: boolean): StepReport =>
  ({ load: { users }, slo: { valueMs: 1, met } }) as Partial<StepReport> as StepReport;

describe("a target", () => {
  it("is read with its quantile, limit and what it is of", () => {
    assert.deepEqual(parseSlo("p95<10s"), { of: "response", quantile: 0.95, limitMs: 10_000, text: "p95<10s" });
    assert.deepEqual(parseSlo("ttft.p99 < 500ms").of, "ttft");
    assert.equal(parseSlo("p95<10").limitMs, 10);
    for (const wrong of ["", "p95", "95<10s", "p95>10s", "itl.p95<1s", "p0<1s", "p95<0s"])
      assert.throws(() => parseSlo(wrong), { code: "bad_option" }, wrong);
  });

  it("carries the largest step below the first miss, whatever the order of the steps", () => {
    const slo = parseSlo("p95<10s");
    const verdict = judgeSlo(slo, [step(8, false), step(1, true), step(16, true), step(4, true)]);
    assert.equal(verdict.carries, 4);
    assert.equal(verdict.limitFound, true);
    assert.equal(judgeSlo(slo, [step(1, false)]).carries, null);
    assert.equal(judgeSlo(slo, [step(2, true)]).limitFound, false);
  });
});
