import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { chat } from "../support/chat.ts";
import { type Drover, Pasture } from "../support/drover-process.ts";
import { changeFake, fakeCommand } from "../support/fake-command.ts";
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

describe("a drain that is taken back", () => {
  const pasture = new Pasture();
  after(() => pasture.close());

  it("ends for who waits for it, though requests run on", async () => {
    const drover = pasture.up(["--workers", "1", "--worker-command", fakeCommand({ hold: true })]);
    const running = chat(await drover.url(), 1);
    const [row] = await drover.workers(([only]) => only?.slots.busy === 1);
    assert.ok(row);
    const drain = pasture.admin<{ readonly error?: string }>("POST", "/drain?worker=1");
    await drover.workers(([only]) => only?.state === "draining");
    assert.deepEqual(await pasture.admin("POST", "/undrain?worker=1"), {});
    assert.match((await drain).error ?? "", /worker 1 was put back to work/);
    await changeFake(row, { hold: false });
    assert.equal((await running).status, 200);
    assert.equal((await drover.end()).code, 0);
  });
});
