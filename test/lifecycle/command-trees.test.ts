import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { type Drover, Pasture, type WorkerRow } from "../support/drover-process.ts";
import { needs } from "../support/needs.ts";
import { serverPid, writeScript } from "../support/servers/plain-server.ts";
import { kill, stateOf } from "../support/processes.ts";
import { until } from "../support/until.ts";

/** The ordinary script: no `exec`, so that the server is its child. */
const CHILD = '$server "$@"\nstatus=$?\necho "the server is gone"\nexit $status';
/** The server leaves the script's session too. */
const OWN_SESSION = 'setsid $server "$@" &\nwait $!';

const CHECKS = { DROVER_CHECKS_INTERVAL: "200ms", DROVER_CHECKS_TIMEOUT: "500ms", DROVER_SUPERVISION_GRACE: "1s" };
const isGone = (pid: number) => ["Z", undefined].includes(stateOf(pid));

describe("a worker command that starts the server as its child", needs("setpriv"), () => {
  let pasture: Pasture;
  beforeEach(() => {
    pasture = new Pasture();
  });
  afterEach(() => pasture.close());

  const start = async (body: string, more = ""): Promise<{ drover: Drover; row: WorkerRow; server: number }> => {
    const script = writeScript(pasture.folder, "run.sh", body);
    const drover = pasture.up(["--workers", "1", "--worker-command", `bash ${script} {port} ${more}`], CHECKS);
    const [row] = await drover.workers(([only]) => only?.state === "ready");
    assert.ok(row);
    return { drover, row, server: await serverPid(row) };
  };

  for (const [how, body] of [
    ["", CHILD],
    [" in a session of its own", OWN_SESSION],
  ] as const) {
    it(`is restarted${how}: the old server is gone before the new one takes its port`, async () => {
      const { row, server } = await start(body);
      assert.notEqual(row.pid, server);
      assert.equal((await pasture.run(["restart"])).code, 0);
      const [next] = await pasture.status();
      assert.deepEqual([next?.state, next?.port, isGone(server)], ["ready", row.port, true]);
    });

    it(`leaves no server behind${how} when drover is killed by SIGKILL`, async () => {
      const { drover, server } = await start(body);
      await drover.end("SIGKILL");
      await until(() => isGone(server), "the server is gone");
      await pasture.empty();
    });
  }

  it("ends with drover, by force where the server ignores TERM", async () => {
    const { drover } = await start(CHILD, "deaf");
    assert.equal((await drover.end()).code, 0);
    assert.deepEqual(pasture.left(), []);
  });

  it("is replaced when the server stops answering, and when it dies", async () => {
    const { drover, server } = await start(CHILD);
    process.kill(server, "SIGSTOP");
    const [second] = await drover.workers(([only]) => only?.state === "ready" && only.restarts === 1);
    assert.ok(second && isGone(server));
    kill(await serverPid(second));
    await drover.workers(([only]) => only?.state === "ready" && only.restarts === 2);
  });

  it("is replaced when the script dies, and what it left running is killed", async () => {
    const { drover, row, server } = await start(CHILD);
    kill(row.pid);
    await drover.workers(([only]) => only?.state === "ready" && only.restarts === 1);
    assert.ok(isGone(server));
    assert.ok(drover.entries.some(({ msg = "" }) => msg.includes(`what it left running is killed (pid ${server})`)));
  });
});
