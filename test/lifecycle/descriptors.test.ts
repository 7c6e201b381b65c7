import assert from "node:assert/strict";
import { after, describe, it } from "node:test";
import { execa } from "execa";
import { Pasture } from "../support/drover-process.ts";
import { fakeCommand } from "../support/fake-command.ts";
import { needs } from "../support/needs.ts";
import { descriptorsOf } from "../support/processes.ts";

describe("a supervisor without a free descriptor", needs("setpriv"), () => {
  const pasture = new Pasture();
  after(() => pasture.close());

  it("goes on, says why a worker can't start, and starts it once there is one", async () => {
    const command = fakeCommand();
    const drover = pasture.up(["--workers", "1", "--worker-command", command], {
      DROVER_SUPERVISION_BACKOFF: "300ms",
      // However long it takes until the limit is lifted.
      DROVER_SUPERVISION_MAX_RESTARTS: "1000",
    });
    await drover.url();
    const [row] = await pasture.status();
    assert.ok(row?.pid);
    const limit = async (soft: string) => {
      await execa("prlimit", ["--pid", String(drover.child.pid), `--nofile=${soft}:`]);
    };
    const open = descriptorsOf(drover.child.pid ?? 0).length;
    await limit(String(open + 2));
    process.kill(row.pid, "SIGKILL");
    const refused = await drover.entry((entry) => /no descriptor is free/.test(String(entry["reason"])));
    assert.equal(refused["to"], "backoff");
    await limit("1024");
    await drover.workers(([only]) => only?.state === "ready" && only.pid !== row.pid);
    assert.equal((await pasture.run(["reload"])).code, 0);
    assert.equal((await drover.end()).code, 0);
    assert.deepEqual(pasture.left(), []);
  });
});
