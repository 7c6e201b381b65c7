import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { chat } from "../support/chat.ts";
import { type Drover, Pasture } from "../support/drover-process.ts";
import { fakeCommand } from "../support/fake-command.ts";
import { kill } from "../support/processes.ts";

describe("a drained worker", () => {
  const pasture = new Pasture();
  const file = join(pasture.folder, "drover.yaml");
  let drover: Drover;
  let url: string;

  const write = (slots: number) => {
    writeFileSync(file, JSON.stringify({ workers: { count: 2, threads: 1, slots, command: fakeCommand() } }));
  };
  const states = async () => (await pasture.status()).map((row) => row.state);

  before(async () => {
    write(2);
    drover = pasture.up(["--config", file]);
    url = await drover.url();
    await drover.workers((rows) => rows.every((row) => row.state === "ready"));
    assert.equal((await pasture.run(["drain", "1"])).code, 0);
  });
  after(() => pasture.close());

  it("comes back drained when its process is killed, and takes no request", async () => {
    const [row] = await pasture.status();
    kill(row?.pid);
    const [back] = await drover.workers(([first]) => first?.state === "draining" && first.pid !== row?.pid);
    for (let count = 0; count < 4; count += 1) assert.equal((await chat(url, 1)).status, 200);
    const [first, second] = await pasture.status();
    assert.equal(first?.requests, back?.requests);
    assert.ok((second?.requests ?? 0) >= 4);
  });

  it("is followed by a drained one when a reload replaces it", async () => {
    const before = (await pasture.status()).map((row) => row.pid);
    write(3);
    const { code, stderr } = await pasture.run(["reload", "--config", file]);
    assert.equal(code, 0, stderr);
    const rows = await pasture.status();
    assert.deepEqual(
      rows.map((row) => [row.state, before.includes(row.pid)]),
      [
        ["draining", false],
        ["ready", false],
      ],
    );
  });

  it("serves again by undrain, and by restart", async () => {
    assert.equal((await pasture.run(["undrain", "1"])).code, 0);
    assert.deepEqual(await states(), ["ready", "ready"]);
    assert.equal((await pasture.run(["drain", "1"])).code, 0);
    assert.equal((await pasture.run(["restart", "1"])).code, 0);
    assert.deepEqual(await states(), ["ready", "ready"]);
    assert.equal((await drover.end()).code, 0);
  });
});
