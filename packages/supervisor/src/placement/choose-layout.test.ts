import assert from "node:assert/strict";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { loadSettings, type Settings } from "@drover/config";
import { writeSyntheticModel } from "@drover/models";
import { pino } from "pino";
import { readRecorded } from "../test-support/recorded-machine.ts";
import { countOf, createLayoutChooser, NOTHING_RUNS, type Running } from "./choose-layout.ts";
import { layOut } from "./layout.ts";

const MIB = 2 ** 20;

function settingsOf(flags: Readonly<Record<string, unknown>>): Settings {
  return loadSettings({ flags, environment: {}, file: undefined }).settings;
}

function heardLogger() {
  const said: string[] = [];
  const logger = pino({ level: "warn" }, { write: (line: string) => said.push(String(JSON.parse(line).msg)) });
  return { said, logger };
}

describe("createLayoutChooser", () => {
  let directory = "";
  let model = "";
  const machine = readRecorded("nested-groups");

  before(async () => {
    directory = await mkdtemp(join(tmpdir(), "drover-choose-"));
    model = join(directory, "tiny.gguf");
    await writeSyntheticModel("tiny", model, "q4_0");
  });

  after(async () => {
    await rm(directory, { recursive: true, force: true });
  });

  it("warns once of what does not fit, and throws it with strict", async () => {
    const { said, logger } = heardLogger();
    const chooser = createLayoutChooser(logger, { read: () => machine });
    const settings = settingsOf({ workers: 2, threads: 9 });
    chooser.check(settings);
    await chooser.choose(settings, model, NOTHING_RUNS);
    assert.equal(said.length, 1);
    assert.match(said[0] ?? "", /2 workers use 18 threads in all/);
    const strict = createLayoutChooser(logger, { read: () => machine });
    assert.throws(() => strict.check(settingsOf({ workers: 2, threads: 9, strict: true })), { code: "over_committed" });
  });

  it("says once that it does not pin where this is not Linux, and nothing where nobody asks for it", () => {
    const { said, logger } = heardLogger();
    const chooser = createLayoutChooser(logger, { read: () => machine, platform: "darwin" });
    chooser.check(settingsOf({ pin: false }));
    assert.deepEqual(said, []);
    chooser.check(settingsOf({}));
    chooser.check(settingsOf({}));
    assert.deepEqual(said, ["workers are not pinned to CPUs: this is not Linux"]);
    createLayoutChooser(logger, { read: () => machine, platform: "linux" }).check(settingsOf({}));
    assert.equal(said.length, 1);
  });

  it("refuses what memory can't hold, but counts what running workers will give back", async () => {
    const { logger } = heardLogger();
    const held = { ...machine, memory: { ...machine.memory, freeBytes: 300 * 2 ** 20 } };
    let topology = machine;
    const chooser = createLayoutChooser(logger, { read: () => topology });
    const settings = settingsOf({ workers: 5 });
    assert.equal((await chooser.choose(settings, model, NOTHING_RUNS)).layout.placements.length, 5);
    topology = held;
    assert.equal((await chooser.choose(settings, model, { ...NOTHING_RUNS, workers: 5 })).layout.placements.length, 5);
    await assert.rejects(chooser.choose(settings, model, NOTHING_RUNS), {
      code: "memory_short",
      message: /5 workers do not fit/,
    });
  });

  it("does not judge the memory of a command of the user's", async () => {
    const { logger } = heardLogger();
    const none = { ...machine, memory: { ...machine.memory, freeBytes: 0 } };
    const chooser = createLayoutChooser(logger, { read: () => none });
    const settings = settingsOf({ workers: 2, "worker-command": "my-server --port {port}" });
    assert.equal((await chooser.choose(settings, model, NOTHING_RUNS)).layout.placements.length, 2);
  });

  it("keeps a limit of snapshots that is all but what auto chooses, and counts what they hold as theirs", async () => {
    const { logger } = heardLogger();
    const shared = { freeBytes: 200 * MIB };
    const chooser = createLayoutChooser(logger, { read: () => machine, readShared: () => shared });
    const limitOf = async (flags: Readonly<Record<string, unknown>>, running: Partial<Running>) =>
      (await chooser.choose(settingsOf(flags), model, { ...NOTHING_RUNS, ...running })).snapshotLimitBytes / MIB;
    assert.equal(await limitOf({}, {}), 100);
    assert.equal(await limitOf({}, { snapshotBytes: 40 * MIB }), 120);
    assert.equal(await limitOf({}, { snapshotLimitBytes: 110 * MIB }), 110);
    assert.equal(await limitOf({}, { snapshotLimitBytes: 70 * MIB }), 70);
    assert.equal(await limitOf({}, { snapshotLimitBytes: 150 * MIB }), 100);
    assert.equal(await limitOf({ snapshots: "off" }, { snapshotLimitBytes: 110 * MIB }), 0);
    await assert.rejects(limitOf({ snapshots: "1GiB" }, {}), { code: "memory_short", message: /--snapshots/ });
    assert.throws(() => chooser.check(settingsOf({ snapshots: "1GiB" })), { code: "memory_short" });
  });

  it("binds memory to the nodes that allow it only", async () => {
    const { logger } = heardLogger();
    const chooser = createLayoutChooser(logger, {
      read: () => readRecorded("two-sockets-64c"),
      canBind: (node) => node === 1,
    });
    const { layout } = await chooser.choose(settingsOf({ workers: 2 }), model, NOTHING_RUNS);
    assert.deepEqual(
      layout.placements.map((placement) => placement.boundNode),
      [undefined, 1],
    );
  });

  it("keeps a range's count within it, and within the places that memory holds", () => {
    const layout = layOut(machine, { workers: 3, threads: 1 });
    const range = settingsOf({ workers: "2..6" });
    assert.deepEqual(
      [0, 2, 3, 5].map((running) => countOf(range, layout, running)),
      [2, 2, 3, 3],
    );
    assert.equal(countOf(settingsOf({ workers: 3 }), layout, 1), 3);
  });
});
