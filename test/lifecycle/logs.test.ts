import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { openSync } from "node:fs";
import { after, describe, it } from "node:test";
import { chat } from "../support/chat.ts";
import { DROVER_BIN, type Ended, Pasture } from "../support/drover-process.ts";
import { fakeCommand } from "../support/fake-command.ts";
import { needs } from "../support/needs.ts";
import { nextPorts } from "../support/ports.ts";

describe("the log of drover", needs("setpriv"), () => {
  const pasture = new Pasture();
  after(() => pasture.close());

  it("may lose its reader without harm to anybody", async () => {
    const drover = pasture.up(["--workers", "1", "--worker-command", fakeCommand()]);
    const url = await drover.url();
    drover.child.stdout.destroy();
    drover.child.stderr.destroy();
    assert.equal((await pasture.run(["restart"])).code, 0);
    assert.equal((await chat(url, 2)).status, 200);
    assert.match((await pasture.run(["logs"])).stdout, /"to":"exited"/);
    drover.child.kill("SIGTERM");
    await once(drover.child, "exit");
    assert.equal(drover.child.exitCode, 0);
  });

  it("may find its disk full without harm to anybody", async () => {
    const full = openSync("/dev/full", "w");
    const words = ["up", "--listen", "127.0.0.1:0", "--worker-port", String(nextPorts(20)), "--workers", "1"];
    const child = spawn(process.execPath, [DROVER_BIN, ...words, "--worker-command", fakeCommand()], {
      cwd: pasture.folder,
      env: { ...process.env, XDG_RUNTIME_DIR: pasture.folder, PASTURE_OF_TEST: pasture.folder },
      stdio: ["ignore", full, full],
    });
    await pasture.serving();
    assert.equal((await pasture.run(["restart"])).code, 0);
    assert.match((await pasture.run(["logs"])).stdout, /"msg":"serving on http:/);
    child.kill("SIGTERM");
    assert.deepEqual(await once(child, "exit"), [0, null]);
  });

  it("is followed by `drover logs -f` until drover ends", async () => {
    const drover = pasture.up(["--workers", "2", "--threads", "1", "--worker-command", fakeCommand()]);
    await drover.workers((rows) => rows.length === 2 && rows.every((row) => row.state === "ready"));
    let following: Promise<Ended> | undefined;
    await new Promise<void>((resolve) => {
      following = pasture.run(["logs", "-f", "2", "-n", "1"], {}, resolve);
    });
    const unknown = await pasture.run(["logs", "7"]);
    assert.deepEqual([unknown.code, unknown.stderr], [1, 'drover: there is no worker "7"; there are 1, 2\n']);
    assert.equal((await pasture.run(["restart", "2"])).code, 0);
    await drover.end();
    const { stdout = "", code, stderr } = (await following) ?? {};
    assert.equal(code, 0, stderr);
    assert.match(stdout, /"from":"ready","to":"draining"/);
    assert.doesNotMatch(stdout, /"worker":"1"/);
  });
});
