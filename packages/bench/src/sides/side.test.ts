import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fixedCpus } from "./side.ts";

const cpusOf = (...workers: readonly (readonly number[])[]) => fixedCpus(workers.map((cpus) => ({ cpus, slots: 8 })));

describe("the CPUs of workers that are started by hand", () => {
  it("are Drover's where each of its workers has some", () => {
    assert.deepEqual(cpusOf([0, 2], [1, 3]), [
      [0, 2],
      [1, 3],
    ]);
  });

  it("are even shares where one worker of Drover has all of them at the moment", () => {
    assert.deepEqual(cpusOf([], [0, 1, 2, 3]), [
      [0, 1],
      [2, 3],
    ]);
    assert.deepEqual(cpusOf([0, 1], [], []), [[0], [0], [1]]);
  });
});
