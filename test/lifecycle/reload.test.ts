import assert from "node:assert/strict";
import { copyFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { writeSyntheticModel } from "@drover/models";
import { chat } from "../support/chat.ts";
import { type Drover, Pasture } from "../support/drover-process.ts";

describe("reload", () => {
  const pasture = new Pasture();
  const file = join(pasture.folder, "drover.yaml");
  const [first, second] = [join(pasture.folder, "first.gguf"), join(pasture.folder, "second.gguf")];
  let drover: Drover;
  let url: string;

  const write = (more: string) => {
    writeFileSync(file, `model: first.gguf\nworkers: { count: 2, threads: 1, slots: 2, context: 256 }\n${more}`);
  };
  const pids = async () => (await pasture.status()).map((row) => row.pid);

  before(async () => {
    await writeSyntheticModel("tiny", first, "q8_0");
    copyFileSync(first, second);
    write("");
    drover = pasture.up([]);
    url = await drover.url();
    await drover.workers((rows) => rows.length === 2 && rows.every((row) => row.state === "ready"));
  });
  after(() => pasture.close());

  /** Chats one after the other on 4 lines until told to stop; every one must succeed. */
  const underLoad = async (work: () => Promise<void>) => {
    const over = new AbortController();
    const line = async () => {
      let count = 0;
      while (!over.signal.aborted) {
        assert.equal((await chat(url, 24)).status, 200);
        count += 1;
      }
      return count;
    };
    const lines = Promise.all([line(), line(), line(), line()]);
    try {
      await work();
    } finally {
      over.abort();
    }
    assert.ok((await lines).every((count) => count > 0));
  };

  it("keeps everything and says why when the file is wrong, by command and by SIGHUP", async () => {
    const before = await pids();
    write("queue: { limitt: 3 }\n");
    const { code, stderr } = await pasture.run(["reload"]);
    assert.equal(code, 1);
    assert.match(stderr, /^drover: not reloaded, everything is as it was: drover\.yaml:3: unknown key "queue\.limitt"/);
    drover.child.kill("SIGHUP");
    await drover.entry((entry) => entry["level"] === 50 && /not reloaded.*queue\.limitt/.test(entry.msg ?? ""));
    assert.deepEqual(await pids(), before);
    assert.equal((await chat(url, 2)).status, 200);
  });

  it("applies at once what touches no worker", async () => {
    const before = await pids();
    write("maxBody: 20\n");
    assert.equal((await pasture.run(["reload", "--json"])).stdout, '{"changed":["maxBody"],"needRestart":[]}\n');
    assert.equal((await chat(url, 2)).status, 413);
    write("");
    drover.child.kill("SIGHUP");
    await drover.entry((entry) => entry.msg === "reloaded: maxBody" && entry !== drover.entries.find(isReload));
    assert.equal((await chat(url, 2)).status, 200);
    assert.deepEqual(await pids(), before);
  });

  it("names what only a restart applies, at each reload", async () => {
    write("maxBody: 30\nlog: { format: pretty }\n");
    const restart = "Only a restart of drover applies log.format.\n";
    assert.equal((await pasture.run(["reload"])).stdout, `Reloaded: maxBody. ${restart}`);
    assert.equal((await pasture.run(["reload"])).stdout, `Reloaded; no setting has changed. ${restart}`);
    write("");
    assert.equal((await pasture.run(["reload"])).stdout, "Reloaded: maxBody.\n");
  });

  it("keeps the number of workers that scale asked for, and says so, until the configuration has another", async () => {
    assert.equal((await pasture.run(["scale", "1"])).code, 0);
    const kept = "Still 1 worker, as drover scale asked; the configuration says 2.";
    assert.equal((await pasture.run(["reload"])).stdout, `Reloaded; no setting has changed. ${kept}\n`);
    assert.equal((await pasture.status()).length, 1);
    writeFileSync(file, "model: first.gguf\nworkers: { count: 3, threads: 1, slots: 2, context: 256 }\n");
    assert.equal((await pasture.run(["reload"])).stdout, "Reloaded: workers.count.\n");
    assert.equal((await pasture.status()).length, 3);
    write("");
    assert.equal((await pasture.run(["reload"])).stdout, "Reloaded: workers.count.\n");
    await drover.workers((rows) => rows.length === 2 && rows.every((row) => row.state === "ready"));
  });

  it("swaps the model under load without a failed request", async () => {
    const before = await pids();
    await underLoad(async () => {
      const { code, stderr } = await pasture.run(["reload", "--model", second]);
      assert.equal(code, 0, stderr);
    });
    const after = await pids();
    assert.ok(after.length === 2 && after.every((pid) => !before.includes(pid)));
    const models = (await (await fetch(`${url}/v1/models`)).json()) as { readonly data: readonly { id: string }[] };
    assert.equal(models.data[0]?.id, "second");
    assert.equal((await pasture.run(["reload"])).stdout, "Reloaded; no setting has changed.\n");
    assert.deepEqual(await pids(), after);
  });

  it("refuses a model that is not there, and goes back when the workers fail with the new configuration", async () => {
    const before = await pids();
    const missing = await pasture.run(["reload", "--model", "missing.gguf"]);
    assert.match(missing.stderr, /not reloaded, everything is as it was: .*missing\.gguf/);
    await underLoad(async () => {
      writeFileSync(file, `model: first.gguf\nworkers: { count: 2, threads: 1, slots: 2, command: "false" }\n`);
      const { code, stderr } = await pasture.run(["reload"]);
      assert.equal(code, 1);
      assert.match(stderr, /worker 1 failed with the new configuration: exited with code 1\. Everything is as it was/);
    });
    assert.deepEqual(await pids(), before);
    rmSync(file);
  });

  it("dumps its state to the log on SIGQUIT and goes on", async () => {
    drover.child.kill("SIGQUIT");
    const { state } = (await drover.entry((entry) => entry["state"] !== undefined)) as { readonly state?: object };
    assert.deepEqual(Object.keys(state ?? {}), ["workers", "balancer", "settings", "memory", "resources"]);
    assert.equal((await chat(url, 2)).status, 200);
    assert.equal((await drover.end()).code, 0);
  });
});

const isReload = (entry: { readonly msg?: string }) => entry.msg === "reloaded: maxBody";
