import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { loadSettings } from "@drover/config";
import { pino } from "pino";
import { createGate } from "../gate.ts";
import { Reloader } from "./reload.ts";
import type { ServedModel } from "../process/launch.ts";

/** Everything that is done goes on by promises alone, so a turn of the loop is enough for all of it. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

/** A reloader over a configuration that can be changed, whose models are there as soon as they are told to be. */
function createWorld() {
  const world = { model: "first.gguf", workers: 2, count: 2 };
  const prepared = new Map<string, () => void>();
  const rolled: { readonly model: string; readonly count: number }[] = [];
  const load = (model: string | undefined) =>
    loadSettings({ flags: { model: model ?? world.model, workers: world.count }, environment: {}, file: undefined });
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
    balancer: { applySettings: () => {} },
    logger: pino({ write: () => {} }),
    load,
    prepareModel: async (path) => {
      const gate = createGate<ServedModel>();
      prepared.set(path, () => gate.open({ path, id: undefined, version: "1" }));
      return await gate.opened;
    },
    chooseLayout: async () => ({
      layout: { placements: [], spared: [], warnings: [], reasons: [] },
      snapshotLimitBytes: 0,
    }),
    countOf: (settings) => Number(settings.workers.count),
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
  return { world, reloader, rolled, asked, finish };
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
