import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { pinningArguments } from "./pinning.ts";

const all = (): boolean => true;

describe("pinningArguments", () => {
  it("holds a worker by its parent's life, its CPUs and its node", () => {
    assert.equal(
      pinningArguments({ cpus: [0, 2], numaNode: 1 }, all).join(" "),
      "setpriv --pdeathsig KILL -- taskset -c 0,2 numactl --membind=1 --",
    );
  });

  it("leaves out what is not asked for or not installed", () => {
    assert.equal(pinningArguments({ cpus: undefined }, all).join(" "), "setpriv --pdeathsig KILL --");
    assert.deepEqual(
      pinningArguments({ cpus: [1], numaNode: 0 }, (program) => program === "taskset"),
      ["taskset", "-c", "1"],
    );
    assert.deepEqual(
      pinningArguments({ cpus: [1], numaNode: 0 }, () => false),
      [],
    );
  });
});
