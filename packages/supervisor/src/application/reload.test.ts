import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadSettings, type Settings } from "@drover/config";
import { UNWANTED } from "@drover/models";
import { pino } from "pino";
import { createGate } from "../gate.ts";
import { Reloader } from "./reload.ts";
import type { ServedModel } from "../process/launch.ts";

/** Everything that is done goes on by promises alone, so a turn of the loop is enough for all of it. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A reloader over a configuration that can be changed, whose models are there as soon as they are told to be. */
function createWorld() {
  const world = { model: "first.gguf", workers: 2, count: 2, queueLimit: "9" };
  const prepared = new Map<string, () => void>();
  const calledOff: (readonly [model: string, reason: unknown])[] = [];
  const applied: Settings[] = [];
  const rolled: { readonly model: string; readonly count: number }[] = [];
  const load = (model: string | undefined) =>
    loadSettings({
      flags: { model: model ?? world.model, workers: world.count, "queue-limit": world.queueLimit },
      environment: {},
      file: undefined,
    });
  const reloader = new Reloader(load(undefined).settings, {
    fleet: {
      get workerCount() {
        return world.workers;
      },
      applySettings: () => {},
      roll: async ({ model }, _layout, count) => {
        await Promise.resolve();
        rolled.push({ model: model.path, count });
        world.workers = count;
      },
      scale: async (count) => {
        await Promise.resolve();
        world.workers = count;
      },
    },
    snapshots: { settle: () => {} },
    balancer: { applySettings: (settings) => void applied.push(settings) },
    logger: pino({ write: () => {} }),
    load,
    needsDownload: (model) => Promise.resolve(model.startsWith("http:")),
    prepareModel: async ({ model: path }, signal) => {
      const gate = createGate<ServedModel>();
      prepared.set(path, () => gate.open({ path, id: undefined, version: "1" }));
      signal?.addEventListener("abort", () => {
        prepared.delete(path);
        calledOff.push([path, signal.reason]);
        gate.fail(new Error("stopped"));
      });
      return await gate.opened;
    },
    chooseLayout: async ({ workers }) => {
      const placements = Array.from({ length: Number(workers.count) }, () => ({ cpus: [], threads: 1 }));
      return { layout: { placements, spared: [], warnings: [], reasons: [] }, snapshotLimitBytes: 0 };
    },
  });
  /** Lets a model be there that is asked for. */
  const finish = async (path: string) => {
    await settle();
    const give = prepared.get(path);
    assert.ok(give, `nobody asks for ${path}`);
    prepared.delete(path);
    give();
    await settle();
  };
  const asked = () => [...prepared.keys()];
  return { world, reloader, rolled, applied, calledOff, asked, finish };
}

describe("Reloader", () => {
  it("ends with what was read last, however long the model of an earlier reload takes", async () => {
    const { world, reloader, rolled, asked, finish } = createWorld();
    world.model = "second.gguf";
    const slow = reloader.reload(undefined);
    await settle();
    world.model = "third.gguf";
    const quick = reloader.reload(undefined);
    await settle();
    // Whichever are asked for at once, the later one is there first.
    for (const path of asked().toReversed()) await finish(path);
    for (const path of asked()) await finish(path);
    await Promise.all([slow, quick]);
    assert.equal(rolled.at(-1)?.model, "third.gguf");
    assert.equal(reloader.settings.model, "third.gguf");
  });

  it("keeps a model that another reload swaps at the same time", async () => {
    const { reloader, rolled, finish } = createWorld();
    const swap = reloader.reload("swapped.gguf");
    const plain = reloader.reload(undefined);
    await finish("swapped.gguf");
    await swap;
    await finish("swapped.gguf");
    await plain;
    assert.deepEqual(
      rolled.map(({ model }) => model),
      ["swapped.gguf", "swapped.gguf"],
    );
  });

  it("keeps a number of workers that is asked for while it waits for a model, and does not hold that up", async () => {
    const { world, reloader, rolled, finish } = createWorld();
    world.model = "second.gguf";
    const reload = reloader.reload(undefined);
    await settle();
    await reloader.scale(3);
    assert.equal(world.workers, 3);
    await finish("second.gguf");
    const report = await reload;
    assert.deepEqual(rolled, [{ model: "second.gguf", count: 3 }]);
    assert.deepEqual(report.scaled, { workers: 3, configured: 2 });
  });
});

const [FAR, FARTHER] = ["http://far/m.gguf", "http://farther/m.gguf"];

describe("Reloader, while a model is downloaded", () => {
  it("applies at once what touches no worker, and says so where the download fails", async () => {
    const { world, reloader, rolled, applied, finish } = createWorld();
    Object.assign(world, { model: FAR, count: 3, queueLimit: "7" });
    const reload = reloader.reload(undefined);
    await settle();
    assert.deepEqual(
      applied.map(({ queue, model, workers }) => [queue.limit, model, workers.count]),
      [[7, "first.gguf", 2]],
    );
    await reloader.close();
    await assert.rejects(reload, { message: "reloaded only queue.limit, all else is as it was: stopped" });
    assert.deepEqual([reloader.settings.queue.limit, reloader.settings.model], [7, "first.gguf"]);
    const again = reloader.reload(undefined);
    await finish(FAR);
    assert.deepEqual((await again).changed, ["model", "workers.count"]);
    assert.deepEqual(rolled, [{ model: FAR, count: 3 }]);
  });

  it("leaves it to a newer reload that wants the same model, whose result both have", async () => {
    const { world, reloader, rolled, asked, finish } = createWorld();
    const first = reloader.reload(FAR);
    await settle();
    world.queueLimit = "7";
    const others = [reloader.reload(undefined), reloader.reload(undefined)];
    await settle();
    assert.equal(reloader.settings.queue.limit, 7);
    assert.deepEqual(asked(), [FAR]);
    await finish(FAR);
    assert.deepEqual((await first).changed, ["queue.limit", "model"]);
    for (const other of others) assert.ok((await other).changed.includes("model"));
    assert.deepEqual(
      rolled.map(({ model }) => model),
      [FAR],
    );
  });

  it("calls it off for a newer reload that wants another model, and says so to who asked first", async () => {
    const { world, reloader, rolled, calledOff, asked, finish } = createWorld();
    world.queueLimit = "7";
    const first = reloader.reload(FAR);
    await settle();
    const second = reloader.reload(FARTHER);
    const why = `reloaded only queue.limit, all else is as it was: a newer reload has called the download of ${FAR} off`;
    await assert.rejects(first, { code: "refused", message: why });
    assert.deepEqual(asked(), [FARTHER]);
    const third = reloader.reload("near.gguf");
    await assert.rejects(second, { message: /download of http:\/\/farther\/m\.gguf off/ });
    await finish("near.gguf");
    assert.deepEqual((await third).changed, ["model"]);
    assert.deepEqual(calledOff, [
      [FAR, UNWANTED],
      [FARTHER, UNWANTED],
    ]);
    assert.deepEqual(
      rolled.map(({ model }) => model),
      ["near.gguf"],
    );
  });

  it("continues it where a newer reload can't be read", async () => {
    const { world, reloader, calledOff, finish } = createWorld();
    const reload = reloader.reload(FAR);
    await settle();
    world.queueLimit = "many";
    await assert.rejects(reloader.reload("near.gguf"), { message: /not reloaded, everything is as it was: .*queue/ });
    await finish(FAR);
    assert.deepEqual((await reload).changed, ["model"]);
    assert.deepEqual(calledOff, []);
  });
});
