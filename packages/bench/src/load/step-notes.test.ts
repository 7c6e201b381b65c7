import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { StepReport } from "./run-step.ts";
import { notesOf } from "./step-notes.ts";
import { sampleReport } from "../test-support/sample-report.ts";

const notes = (change: (step: StepReport) => Partial<StepReport>) => {
  const [step] = sampleReport().steps;
  assert.ok(step !== undefined);
  return notesOf([{ ...step, ...change(step) }], { warmupMs: 1000, responses: undefined }).join("\n");
};

describe("the notes of a report", () => {
  it("say when the load generator, and not the target, was the limit", () => {
    assert.doesNotMatch(
      notes(() => ({})),
      /load generator/,
    );
    const busy = notes(({ own }) => ({ own: { ...own, cpuPercent: 99, bottleneck: true } }));
    assert.match(busy, /the load generator itself was busy \(99% of a CPU\)/);
    assert.match(
      notes(({ own }) => ({ own: { ...own, lateMaxMs: 3200 } })),
      /stood still for 3\.2 s/,
    );
  });

  it("say when other processes took part of the machine", () => {
    assert.match(
      notes(({ own }) => ({ own: { ...own, machineCpuPercent: 191 } })),
      /other processes of this machine took 100% of a CPU/,
    );
    assert.doesNotMatch(
      notes(({ own }) => ({ processes: [], own: { ...own, machineCpuPercent: 191 } })),
      /other processes/,
    );
  });

  it("tell closed loop from open loop, and few responses from none", () => {
    assert.match(
      notes(() => ({})),
      /Closed loop[^]*only 5 responses/,
    );
    assert.match(
      notes(() => ({ load: { perSecond: 2 } })),
      /intended arrival/,
    );
    assert.match(
      notes(({ counts }) => ({ counts: { ...counts, ok: 0 } })),
      /no request succeeded/,
    );
  });
});
