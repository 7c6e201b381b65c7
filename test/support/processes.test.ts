import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { describe, it } from "node:test";
import { availableParallelism } from "node:os";
import {
  allowedCpus,
  commandOf,
  cpuMsOf,
  descriptorsOf,
  effectiveUserOf,
  environmentOf,
  parentOf,
  residentBytesOf,
  runningProcesses,
  signalIfThere,
  stateOf,
} from "./processes.ts";

describe("what the tests ask of a process", () => {
  it("is answered for one that runs", () => {
    assert.ok(runningProcesses().includes(process.pid));
    assert.equal(stateOf(process.pid), "R");
    assert.equal(parentOf(process.pid), process.ppid);
    assert.equal(effectiveUserOf(process.pid), process.geteuid?.());
    assert.equal(commandOf(process.pid)[0], process.argv0);
    assert.ok(environmentOf(process.pid).some((variable) => variable.startsWith("PATH=")));
    assert.ok(residentBytesOf(process.pid) > 2 ** 20 && cpuMsOf(process.pid) > 0);
    assert.ok(descriptorsOf(process.pid).length >= 3);
    assert.ok(allowedCpus().length >= availableParallelism());
  });

  it("is answered, and not thrown, for one that has ended since it was listed", async () => {
    const child = spawn(process.execPath, ["--eval", ""]);
    const pid = child.pid ?? 0;
    await once(child, "exit");
    assert.ok(!runningProcesses().includes(pid));
    assert.deepEqual([stateOf(pid), parentOf(pid), effectiveUserOf(pid)], [undefined, undefined, undefined]);
    assert.deepEqual([commandOf(pid), environmentOf(pid), descriptorsOf(pid)], [[], [], []]);
    assert.deepEqual([residentBytesOf(pid), cpuMsOf(pid)], [0, 0]);
    signalIfThere(pid, "SIGTERM");
  });
});
