import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { SupervisorError } from "../errors.ts";
import { callAdmin } from "./admin-client.ts";
import { claimSocket } from "./claim-socket.ts";

const server = () => createServer((_request, response) => response.end("{}"));
const isCode = (code: string) => (error: unknown) => error instanceof SupervisorError && error.code === code;

describe("claimSocket", () => {
  const folder = mkdtempSync(join(tmpdir(), "drover-socket-"));
  after(() => rmSync(folder, { recursive: true }));

  it("makes it for this user alone, and takes it away again", async () => {
    const path = join(folder, "own.sock");
    const admin = server();
    const release = await claimSocket(admin, path);
    assert.equal(statSync(path).mode & 0o777, 0o600);
    assert.deepEqual(await callAdmin(path, "GET", "/status"), {});
    release();
    admin.close();
    assert.deepEqual(readdirSync(folder), []);
    await assert.rejects(callAdmin(path, "GET", "/status"), isCode("not_running"));
  });

  it("takes over what a killed process left behind", async () => {
    const path = join(folder, "stale.sock");
    const program = `require("node:net").createServer().listen(${JSON.stringify(path)}, () => console.log("on"))`;
    const child = spawn(process.execPath, ["-e", program], { stdio: ["ignore", "pipe", "inherit"] });
    await once(child.stdout, "data");
    child.kill("SIGKILL");
    await once(child, "exit");
    assert.ok(existsSync(path));
    const admin = server();
    const release = await claimSocket(admin, path);
    assert.deepEqual(await callAdmin(path, "GET", "/status"), {});
    release();
    admin.close();
  });

  it("lets exactly one of many have it, and leaves a live one alone", async () => {
    const path = join(folder, "race.sock");
    const admins = Array.from({ length: 5 }, server);
    // They share a pid, and with it the name that each binds first: so one after the other.
    const first = await claimSocket(admins[0] ?? server(), path);
    for (const admin of admins.slice(1)) await assert.rejects(claimSocket(admin, path), isCode("already_running"));
    assert.deepEqual(await callAdmin(path, "GET", "/status"), {});
    first();
    admins[0]?.close();
    assert.deepEqual(readdirSync(folder), []);
  });

  it("does not delete a file that is no socket", async () => {
    const path = join(folder, "notes.txt");
    writeFileSync(path, "mine");
    await assert.rejects(claimSocket(server(), path), isCode("listen_failed"));
    assert.ok(existsSync(path));
    rmSync(path);
  });

  it("says what is wrong with a place where no socket can be", async () => {
    await assert.rejects(claimSocket(server(), join(folder, "no", "such", "folder.sock")), isCode("listen_failed"));
    await assert.rejects(claimSocket(server(), join(folder, "x".repeat(200))), isCode("listen_failed"));
  });
});
