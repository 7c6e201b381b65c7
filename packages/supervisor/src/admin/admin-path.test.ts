import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, it } from "node:test";
import { userId } from "@drover/foundation/files/user-folders";
import { SupervisorError } from "../errors.ts";
import { adminPath, findAdminPath, type RuntimeFolders } from "./admin-path.ts";
import { claimSocket } from "./claim-socket.ts";

const isRefusal = (error: unknown) => error instanceof SupervisorError && error.code === "listen_failed";

describe("the admin socket's place", () => {
  let root: string;
  let folders: RuntimeFolders;
  const uid = userId();
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "drover-admin-"));
    folders = { uid, perUser: join(root, "run"), temporary: join(root, "tmp") };
    mkdirSync(folders.temporary);
  });
  afterEach(() => rmSync(root, { recursive: true }));

  it("is in the first folder that is this user's own, and in one that is made where there is none", () => {
    const made = adminPath("auto", "up", {}, folders);
    assert.equal(made, join(folders.temporary, `drover-${uid}`, "drover.sock"));
    assert.equal(statSync(join(folders.temporary, `drover-${uid}`)).mode & 0o777, 0o700);
    mkdirSync(join(folders.perUser, String(uid)), { recursive: true, mode: 0o700 });
    assert.equal(adminPath("auto", "balance", {}, folders), join(folders.perUser, String(uid), "drover-balance.sock"));
    assert.equal(adminPath("auto", "up", { XDG_RUNTIME_DIR: root }, folders), join(root, "drover.sock"));
    assert.equal(adminPath("/x.sock", "up", {}, folders), "/x.sock");
  });

  it("is not in a folder that others may write to, or that another user has made", () => {
    const taken = join(folders.temporary, `drover-${uid}`);
    mkdirSync(taken);
    chmodSync(taken, 0o777);
    assert.throws(() => adminPath("auto", "up", {}, folders), isRefusal);
    const foreign = { ...folders, uid: uid + 1 };
    mkdirSync(join(folders.temporary, `drover-${uid + 1}`), { mode: 0o700 });
    assert.throws(() => adminPath("auto", "up", {}, foreign), isRefusal);
  });

  it("is found from a shell with another environment", async () => {
    const server = createServer();
    const release = await claimSocket(server, adminPath("auto", "up", {}, folders));
    assert.equal(findAdminPath("auto", { XDG_RUNTIME_DIR: root }, folders), adminPath("auto", "up", {}, folders));
    release();
    server.close();
    assert.equal(findAdminPath("auto", { XDG_RUNTIME_DIR: root }, folders), join(root, "drover.sock"));
  });
});
