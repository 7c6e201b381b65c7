import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { describe, it } from "node:test";
import { endOf } from "./spawned-process.ts";

/** Its child holds all that it has: output, errors and the channel for messages. */
const PARENT = `
  const child = require("node:child_process").spawn("sleep", ["600"], { detached: true, stdio: ["ignore", 1, 2, 3] });
  console.log(child.pid);
  process.exit(3);
`;

describe("the end of a process", () => {
  it("lets go of all that a process which it has started still holds", async () => {
    const child = spawn(process.execPath, ["-e", PARENT], { stdio: ["ignore", "pipe", "pipe", "ipc"] });
    let left = "";
    child.stdout?.on("data", (bytes: Buffer) => (left += String(bytes)));
    assert.equal((await endOf(child)).exitCode, 3);
    process.kill(Number(left), 0);
    process.kill(Number(left), "SIGKILL");
    assert.deepEqual([child.connected, child.stdout?.destroyed, child.stderr?.destroyed], [false, true, true]);
  });
});
