import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RequestReport } from "@drover/contract/request-report";
import { createManualClock } from "@drover/foundation/test-support/manual-clock";
import { type Reported, RequestReports } from "./request-reports.ts";

const reportOf = (call: string): RequestReport => ({
  call,
  model: "m",
  tokens: { prompt: 3, cached: 1, completion: 2, reasoning: 0 },
  finish: "stop",
  generations: [],
});

describe("what workers report of requests", () => {
  it("is given to the end of its request, whichever of the two comes first, and once", () => {
    const reports = new RequestReports(createManualClock());
    const given: (string | undefined)[] = [];
    const done = (reported: { report: RequestReport } | undefined) => given.push(reported?.report.call);
    reports.receive("w1", reportOf("early"));
    reports.expect("early", "w1", done);
    reports.expect("late", "w1", done);
    reports.receive("w1", reportOf("late"));
    reports.receive("w1", reportOf("late"));
    assert.deepEqual(given, ["early", "late"]);
  });

  it("does not count where it is of another worker that the request had left, or does not come soon", () => {
    const clock = createManualClock();
    const reports = new RequestReports(clock);
    const given: (Reported | undefined)[] = [];
    reports.receive("w1", reportOf("moved"));
    reports.expect("moved", "w2", (reported) => given.push(reported));
    assert.equal(given.length, 0);
    clock.advance(5000);
    reports.expect("closed", "w2", (reported) => given.push(reported));
    reports.close();
    assert.deepEqual(given, [undefined, undefined]);
  });
});
