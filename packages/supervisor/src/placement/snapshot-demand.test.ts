import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { loadSettings } from "@drover/config";
import { readSharedMemory, type SharedMemory } from "./shared-memory.ts";
import { type SnapshotDemand, demandSnapshots } from "./snapshot-demand.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

function demand(
  snapshots: string,
  shared: SharedMemory = { freeBytes: 8 * GIB },
  memory: { readonly limitBytes?: number } = {},
  flags: Readonly<Record<string, unknown>> = {},
): SnapshotDemand {
  const { settings } = loadSettings({ flags: { snapshots, ...flags }, environment: {} });
  return demandSnapshots(settings, shared, { totalBytes: 16 * GIB, freeBytes: GIB, limitBytes: undefined, ...memory });
}

describe("demandSnapshots", () => {
  it("takes for auto half of what shared memory has free, at most an eighth of the memory or of its limit", () => {
    assert.deepEqual(demand("auto"), { leastBytes: 0, mostBytes: 2 * GIB });
    assert.equal(demand("auto", { freeBytes: GIB }).mostBytes, GIB / 2);
    assert.equal(demand("auto", { freeBytes: 8 * GIB }, { limitBytes: 2 * GIB }).mostBytes, GIB / 4);
  });

  it("makes do with what Docker has by auto, and keeps none where that is under 16 MiB or where there is no place for them", () => {
    assert.equal(demand("auto", { freeBytes: 64 * MIB }).mostBytes, 32 * MIB);
    assert.match(JSON.stringify(demand("auto", { freeBytes: 31 * MIB })), /"mostBytes":0.*31 MiB free/);
    assert.equal(demand("auto", { freeBytes: 8 * GIB }, { limitBytes: 64 * MIB }).mostBytes, 0);
    const nowhere = { freeBytes: 0, problem: "there is no /dev/shm" };
    assert.deepEqual(demand("auto", nowhere), { leastBytes: 0, mostBytes: 0, reason: nowhere.problem });
  });

  it("keeps none for servers of the user's, and none when told so", () => {
    const command = { "worker-command": "server --port {port}" };
    assert.deepEqual(
      [demand("auto", undefined, {}, command).mostBytes, demand("auto", undefined, {}, command).refused],
      [0, undefined],
    );
    assert.match(demand("1GiB", undefined, {}, command).refused ?? "", /--snapshots.* is 1\.0 GiB.*--worker-command/);
    for (const off of ["off", "0"]) assert.equal(demand(off).mostBytes, 0);
  });

  it("reserves a size that was asked for, and says what to do where there is no room for it", () => {
    assert.deepEqual(demand("1MiB"), { leastBytes: MIB, mostBytes: MIB });
    const { refused = "", mostBytes } = demand("9GiB");
    assert.equal(mostBytes, 0);
    assert.match(
      refused,
      /^workers\.snapshots \(--snapshots\) is 9\.0 GiB, but \/dev\/shm has only 8\.0 GiB free\. Use less/,
    );
    assert.match(
      demand("1MiB", { freeBytes: 0, problem: "there is no /dev/shm" }).refused ?? "",
      /there is no \/dev\/shm\. Use auto/,
    );
  });
});

describe("readSharedMemory", () => {
  const folder = mkdtempSync(join(tmpdir(), "drover-shared-"));
  after(() => rmSync(folder, { recursive: true }));

  it("says why nothing can be kept where there is no memory", () => {
    assert.match(readSharedMemory(join(folder, "none")).problem ?? "", /^there is no /);
    assert.equal(readSharedMemory("/proc").problem, "/proc is no tmpfs");
  });
});
