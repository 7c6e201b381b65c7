import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readlinkSync } from "node:fs";
import { afterEach, describe, it } from "node:test";
import { createManualClock } from "@drover/foundation/test-support/manual-clock";
import { UsageSampler } from "./usage.ts";

describe("UsageSampler", { skip: process.platform !== "linux" && "needs /proc" }, () => {
  const children: ChildProcess[] = [];

  function start(code: string): number {
    const child = spawn(process.execPath, ["-e", code], { stdio: "ignore" });
    children.push(child);
    assert.ok(child.pid !== undefined);
    return child.pid;
  }

  async function end(): Promise<void> {
    const ends = children.splice(0).map(async (child) => {
      const exit = once(child, "exit");
      child.kill("SIGKILL");
      await exit;
    });
    await Promise.all(ends);
  }

  afterEach(end);

  it("keeps no file of a process open, however many look at once", async () => {
    const sampler = new UsageSampler(createManualClock());
    const pids = [1, 2, 3].map(() => start("setInterval(() => {}, 1000)"));
    const looks = await Promise.all([1, 2, 3, 4].map(() => sampler.sample(pids)));
    for (const look of looks) assert.deepEqual([...look.keys()], pids);
    assert.deepEqual(openFilesOf(pids), []);
    await end();
    assert.deepEqual([...(await sampler.sample(pids)).keys()], []);
    assert.deepEqual(openFilesOf(pids), []);
  });

  it("tells the share of a CPU since the last sample, and of less than half a second the one before", async () => {
    const clock = createManualClock();
    const sampler = new UsageSampler(clock);
    const pid = start("for (;;);");
    const sample = async () => {
      const usage = (await sampler.sample([pid])).get(pid);
      assert.ok(usage !== undefined);
      return usage;
    };
    let last = await sample();
    assert.equal(last.cpuPercent, 0);
    for (;;) {
      clock.advance(2000);
      const next = await sample();
      assert.equal(next.cpuPercent, Math.round((next.cpuSeconds - last.cpuSeconds) * 500) / 10);
      last = next;
      if (last.cpuSeconds > 0.3) break;
    }
    assert.ok(last.rssBytes > 2 ** 20, String(last.rssBytes));
    clock.advance(499);
    assert.deepEqual(await sample(), last);
  });
});

function openFilesOf(pids: readonly number[]): readonly string[] {
  return readdirSync("/proc/self/fd").flatMap((descriptor) => {
    const target = targetOf(descriptor);
    return pids.some((pid) => target.startsWith(`/proc/${pid}/`)) ? [target] : [];
  });
}

/** Empty where it was closed meanwhile: the one that the list was read by. */
function targetOf(descriptor: string): string {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return "";
  }
}
