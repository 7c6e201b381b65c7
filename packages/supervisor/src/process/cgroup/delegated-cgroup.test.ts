import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cgroupFolder } from "./delegated-cgroup.ts";

/** A line of mountinfo. */
const mount = (root: string, point: string, type = "cgroup2") =>
  `30 24 0:26 ${root} ${point} rw,nosuid shared:4 - ${type} ${type} rw,nsdelegate\n`;
const unified = mount("/", "/sys/fs/cgroup");

describe("the folder of a control group", () => {
  it("lies below where version 2 is mounted, beside version 1 too", () => {
    const hybrid = mount("/", "/sys/fs/cgroup/memory", "cgroup") + mount("/", "/sys/fs/cgroup/unified");
    assert.equal(cgroupFolder("0::/a.slice/d.service\n", unified), "/sys/fs/cgroup/a.slice/d.service");
    assert.equal(cgroupFolder("4:memory:/x\n0::/y\n", hybrid), "/sys/fs/cgroup/unified/y");
    assert.equal(cgroupFolder("0::/\n", unified), "/sys/fs/cgroup/");
  });

  it("is the mount's own where a container sees no more than its part", () => {
    assert.equal(cgroupFolder("0::/docker/abc\n", mount("/docker/abc", "/sys/fs/cgroup")), "/sys/fs/cgroup");
  });

  it("is none where only version 1 is there, or the group lies outside of what is mounted", () => {
    assert.equal(cgroupFolder("4:memory:/x\n", unified), undefined);
    assert.equal(cgroupFolder("0::/y\n", mount("/", "/sys/fs/cgroup/memory", "cgroup")), undefined);
    assert.equal(cgroupFolder("0::/../other\n", unified), undefined);
    assert.equal(cgroupFolder("0::/docker/abcdef\n", mount("/docker/abc", "/sys/fs/cgroup")), undefined);
  });
});
