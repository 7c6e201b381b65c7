import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { describe, it } from "node:test";
import { SECRET_ENV } from "@drover/contract/ipc";
import { execa } from "execa";
import type { WorkerLaunch } from "../launch.ts";
import { spawnWorker } from "../spawn.ts";

const LAUNCH: WorkerLaunch = {
  options: { modelPath: "m.gguf", port: 1, threads: 1 },
  cpus: undefined,
  command: "sleep 600",
  index: 1,
  secret: "of-this-test",
};
const LISTENER = { onMessage: () => {}, onLine: () => {}, activity: () => ({ active: 0, bytesReceived: 0 }) };

/** Starts the command with so many free descriptors, from none on until nothing is refused, and tells what still ran though its start had failed. */
const SCARCE = `
  import { closeSync, openSync } from "node:fs";
  const { spawnWorker } = await import(${JSON.stringify(import.meta.resolve("../spawn.js"))});
  const { descendantsOf } = await import(${JSON.stringify(import.meta.resolve("../descendants.js"))});
  const listener = { onMessage() {}, onLine() {}, activity: () => ({ active: 0, bytesReceived: 0 }) };
  const found = { refused: [], started: [], left: [] };
  for (let free = 0; found.started.length < 3; free += 1) {
    const launch = { ...${JSON.stringify(LAUNCH)}, secret: "scarce-" + free };
    const held = [];
    try {
      for (;;) held.push(openSync("/dev/null", "r"));
    } catch {}
    for (let count = 0; count < free; count += 1) closeSync(held.pop());
    let command;
    try {
      command = spawnWorker(launch, listener);
    } catch {}
    for (const descriptor of held) closeSync(descriptor);
    if (command?.pid === undefined) {
      const left = descendantsOf({ leader: -1, mark: "${SECRET_ENV}=" + launch.secret, cgroup: undefined, found: new Map() });
      for (const pid of left) process.kill(pid, "SIGKILL");
      if (left.length > 0) found.left.push(free);
      found.refused.push(free);
    } else {
      found.started.push(free);
      command.signal("SIGKILL");
      await command.ended;
    }
  }
  console.log(JSON.stringify(found));
`;

describe("a worker command", { skip: process.platform !== "linux" && "needs /proc" }, () => {
  it("runs under a guard or not at all, however few descriptors are free", async () => {
    const words = ["--input-type=module", "--eval", SCARCE];
    const { stdout } = await execa("sh", ["-c", 'ulimit -n 256 && exec "$0" "$@"', process.execPath, ...words]);
    const { refused, left } = JSON.parse(stdout) as Readonly<Record<string, readonly number[]>>;
    assert.deepEqual(left, [], stdout);
    assert.ok((refused?.length ?? 0) > 0);
  });

  it("has ended with what it was just starting as it was killed", async () => {
    const command = spawnWorker(LAUNCH, LISTENER);
    command.signal("SIGKILL");
    const env = { ...process.env, [SECRET_ENV]: LAUNCH.secret };
    const late = spawn("sleep", ["600"], { detached: true, stdio: "ignore", env });
    try {
      assert.equal((await command.ended).signal, "SIGKILL");
    } finally {
      late.kill("SIGKILL");
    }
  });
});
