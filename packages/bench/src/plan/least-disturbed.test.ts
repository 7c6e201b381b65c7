import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { sampleReport } from "../test-support/sample-report.ts";
import { leastDisturbed } from "./least-disturbed.ts";

const [step] = sampleReport().steps;
assert.ok(step !== undefined);
const { load, own } = step;

/** Measures steps in which other processes took so many percent of a CPU, one after the other. */
const measured = async (retries: number, percents: readonly number[]) => {
  const lines: string[] = [];
  const options = { load, retries, signal: new AbortController().signal, onRetry: (line: string) => lines.push(line) };
  const kept = await leastDisturbed(options, (retry) => {
    // The step's own process takes 90% of a CPU, and the load generator 1%.
    const machineCpuPercent = 91 + (percents[retry] ?? assert.fail("measured too often"));
    return Promise.resolve({ ...step, own: { ...own, machineCpuPercent } });
  });
  return { percent: kept.own.machineCpuPercent - 91, lines };
};

describe("a step that other processes disturb", () => {
  it("is measured once where nothing else is asked for", async () => {
    assert.deepEqual(await measured(0, [120]), { percent: 120, lines: [] });
  });

  it("is measured again until it is left alone", async () => {
    const { percent, lines } = await measured(3, [120, 80, 12]);
    assert.equal(percent, 12);
    assert.deepEqual(lines, [
      "1 user: other processes took 120% of a CPU; measuring again (1 of 3)",
      "1 user: other processes took 80% of a CPU; measuring again (2 of 3)",
    ]);
  });

  it("is the least disturbed one in the end", async () => {
    assert.equal((await measured(2, [120, 60, 90])).percent, 60);
  });
});
