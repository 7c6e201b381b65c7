import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { pino } from "pino";
import { SnapshotDirectory } from "./snapshot-directory.ts";
import { readStartTime } from "../process/process-files.ts";
import { isLeftOver, ownerOf, ownerPrefix, readSelf } from "./snapshot-owner.ts";

const uid = process.geteuid?.() ?? -1;
const self = readSelf(uid);

describe("isLeftOver", () => {
  const entry = { name: `${ownerPrefix({ ...self, pid: 42, startTime: "700" })}Ab3_x9`, isDirectory: true, uid };
  const owner = ownerOf(entry, uid);
  assert.ok(owner);

  it("holds once no process has the pid, or another one that started later", () => {
    assert.equal(
      isLeftOver(owner, self.pidNamespace, () => "700"),
      false,
    );
    assert.equal(
      isLeftOver(owner, self.pidNamespace, () => undefined),
      true,
    );
    assert.equal(
      isLeftOver(owner, self.pidNamespace, () => "701"),
      true,
    );
  });

  it("never holds for pids of another container", () => {
    assert.equal(
      isLeftOver(owner, "1", () => undefined),
      false,
    );
    assert.equal(
      isLeftOver({ ...owner, pidNamespace: "0" }, "0", () => undefined),
      false,
    );
  });

  it("is not asked of what another user, or another program, has put there", () => {
    assert.equal(ownerOf({ ...entry, uid: uid + 1 }, uid), undefined);
    assert.equal(ownerOf({ ...entry, isDirectory: false }, uid), undefined);
    for (const name of ["drover-models", "drover-backup", `${entry.name}x`, `x${entry.name}`])
      assert.equal(ownerOf({ ...entry, name }, uid), undefined);
  });
});

describe("SnapshotDirectory", { skip: process.platform !== "linux" && "needs /proc" }, () => {
  let root: string;
  const warnings: string[] = [];
  const logger = pino({ level: "warn" }, { write: (line: string) => void warnings.push(String(JSON.parse(line).msg)) });
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "drover-shm-"));
    warnings.length = 0;
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it("is there for this user only from the first worker on, under a name that says whose it is, until it is removed", () => {
    const snapshots = new SnapshotDirectory(logger, root);
    snapshots.settle(1000);
    const given = snapshots.forWorker(1000);
    assert.ok(given);
    const found = lstatSync(given.directory);
    assert.deepEqual([found.mode & 0o777, found.uid, given.limitBytes], [0o700, uid, 1000]);
    const [name = ""] = readdirSync(root);
    assert.deepEqual(ownerOf({ name, isDirectory: true, uid }, uid), self);
    assert.deepEqual(snapshots.forWorker(1000), given);
    writeFileSync(join(given.directory, "a.kv"), "abc");
    snapshots.remove();
    snapshots.keep();
    assert.deepEqual(readdirSync(root), []);
  });

  it("counts what lies in it: files that are just written by their size only", async () => {
    const snapshots = new SnapshotDirectory(logger, root);
    snapshots.settle(1000);
    const directory = snapshots.forWorker(1000)?.directory ?? "";
    for (const name of ["a.kv", "b.kv", ".c.kv.12"]) writeFileSync(join(directory, name), "12345");
    assert.deepEqual(await snapshots.status(), { directory, files: 2, bytes: 15, limitBytes: 1000 });
    snapshots.settle(0);
    assert.deepEqual([await snapshots.status(), snapshots.forWorker(0), readdirSync(root)], [undefined, undefined, []]);
  });

  it("is made again, at the same place, where somebody has removed it, and never taken from somebody else", () => {
    const snapshots = new SnapshotDirectory(logger, root);
    const directory = snapshots.forWorker(1000)?.directory ?? "";
    snapshots.settle(1000);
    for (const makeAgain of [() => snapshots.keep(), () => snapshots.forWorker(1000)]) {
      rmSync(directory, { recursive: true });
      makeAgain();
      assert.equal(lstatSync(directory).mode & 0o777, 0o700);
    }
    rmSync(directory, { recursive: true });
    const trap = join(root, "trap");
    mkdirSync(trap);
    symlinkSync(trap, directory);
    assert.equal(snapshots.forWorker(1000), undefined);
    assert.equal(snapshots.forWorker(1000), undefined);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? "", /can't be made in .* \(EEXIST\); say workers\.snapshots: off/);
    assert.throws(() => snapshots.make(), { code: "memory_short" });
  });

  it("removes what dead supervisors of this user have left, and nothing else", () => {
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    const dead = join(root, `${ownerPrefix({ ...self, pid })}aaaaaa`);
    const elsewhere = join(root, `${ownerPrefix({ ...self, pid, pidNamespace: "7" })}bbbbbb`);
    const link = join(root, `${ownerPrefix({ ...self, pid })}cccccc`);
    const target = join(root, "target");
    for (const folder of [dead, elsewhere, target]) {
      mkdirSync(folder);
      writeFileSync(join(folder, "a.kv"), "abc");
    }
    symlinkSync(target, link);
    const other = new SnapshotDirectory(logger, root);
    const alive = other.forWorker(1000)?.directory ?? "";
    assert.equal(readStartTime(pid), undefined);
    new SnapshotDirectory(logger, root).removeLeftOvers();
    assert.deepEqual(
      [dead, elsewhere, link, join(target, "a.kv"), alive].map((path) => existsSync(path)),
      [false, true, true, true, true],
    );
  });
});
