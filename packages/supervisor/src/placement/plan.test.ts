import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { describe, it } from "node:test";
import { loadSettings, type Settings } from "@drover/config";
import { DISTILL_MODEL } from "../test-support/distill-model.ts";
import { drawingPath, readRecorded, recordedMachines } from "../test-support/recorded-machine.ts";
import { drawPlan, refusal } from "./draw-plan.ts";
import { makePlan, type Plan } from "./plan.ts";
import type { SharedMemory } from "./shared-memory.ts";
import type { Topology } from "./topology.ts";

const MIB = 2 ** 20;

function planFor(machine: string, flags: Readonly<Record<string, unknown>> = {}): Plan {
  const topology = readRecorded(machine);
  return makePlan(topology, settingsOf(flags), DISTILL_MODEL, sharedOf(topology));
}

/** As Linux makes /dev/shm: half of the memory. */
function sharedOf({ memory }: Topology): SharedMemory {
  return { freeBytes: memory.totalBytes / 2 };
}

function settingsOf(flags: Readonly<Record<string, unknown>>): Settings {
  return loadSettings({ flags, environment: {}, file: undefined }).settings;
}

describe("drover plan", () => {
  for (const machine of recordedMachines()) {
    it(`draws ${machine} as committed`, () => {
      const drawing = drawPlan(planFor(machine));
      const path = drawingPath(machine);
      if (process.env["DROVER_DRAW"] === "1") writeFileSync(path, drawing);
      assert.ok(existsSync(path), `${path} is missing: look at the drawing and commit it (DROVER_DRAW=1 writes it)`);
      assert.equal(drawing, readFileSync(path, "utf8"));
    });
  }

  it("fits a terminal of 80 columns on every machine", () => {
    for (const machine of recordedMachines()) {
      const drawing = drawPlan(planFor(machine), { columns: 80 });
      for (const line of drawing.split("\n")) assert.ok(line.length <= 80, line);
      assert.deepEqual(drawing.split(/\s+/u), drawPlan(planFor(machine)).split(/\s+/u));
    }
  });

  it("names no CPU of a worker where nothing can hold it there", () => {
    const missing = ["workers are not pinned"];
    const drawing = drawPlan(planFor("laptop-4c8t"), { isHeld: false, missing });
    assert.match(drawing, /^worker 1: \d threads? on any CPU$/mu);
    assert.match(drawing, /^missing: workers are not pinned$/mu);
    assert.doesNotMatch(drawing, /digits and letters|on CPUs? \d/u);
  });

  it("refuses what can't fit, with the arithmetic and what would fit", () => {
    const plan = planFor("laptop-4c8t", { workers: 6 });
    assert.match(
      refusal(plan) ?? "",
      /6 workers do not fit into memory: .* \+ 6 x 1\.8 GiB \+ .* are free\. Use --workers 5/,
    );
    assert.equal(refusal(planFor("laptop-4c8t", { workers: 5 })), undefined);
  });

  it("says what to give less of when not even one worker fits", () => {
    assert.match(
      refusal(planFor("container-v1")) ?? "",
      /1\.9 GiB are free\. Use less --ctx \(4096\) or --slots \(8\)/,
    );
    assert.equal(refusal(planFor("container-v1", { slots: 1, ctx: 1024 })), undefined);
  });

  it("cuts automatic workers and ranges to what memory holds, but not a number that was asked for", () => {
    assert.equal(planFor("vm-2vcpu").layout.placements.length, 1);
    assert.equal(planFor("laptop-4c8t", { workers: "2..9" }).layout.placements.length, 5);
    assert.equal(planFor("laptop-4c8t", { workers: 9 }).layout.placements.length, 9);
  });

  it("gives snapshots what the workers leave, and less than 16 MiB not at all", () => {
    const topology = readRecorded("laptop-4c8t");
    const planWith = (freeBytes: number, flags: Readonly<Record<string, unknown>> = {}) =>
      makePlan(
        { ...topology, memory: { ...topology.memory, freeBytes } },
        settingsOf({ workers: "1..2", slots: 16, ...flags }),
        DISTILL_MODEL,
        sharedOf(topology),
      );
    const { budget } = planFor("laptop-4c8t", { slots: 16 });
    const two = budget.neededBytes - budget.snapshotBytes;
    assert.equal(planFor("laptop-4c8t").layout.placements.length, 2);
    const cut = planWith(two + 100 * MIB + 5);
    assert.deepEqual([cut.layout.placements.length, cut.budget.snapshotBytes], [2, 100 * MIB]);
    const none = planWith(two + 15 * MIB);
    assert.deepEqual([none.layout.placements.length, none.budget.snapshotBytes, none.budget.fits], [2, 0, true]);
    assert.match(drawPlan(none), /snapshots +0 bytes   none: the workers leave no memory for them/);
    const asked = planWith(two + 100 * MIB, { snapshots: "1GiB" });
    assert.deepEqual([asked.layout.placements.length, asked.budget.snapshotBytes], [1, 1024 * MIB]);
    const tooMuch = planWith(two + 100 * MIB, { workers: 2, snapshots: "1GiB" });
    assert.match(
      refusal(tooMuch) ?? "",
      /2 x .* \+ 1\.0 GiB of snapshots \+ .* Use --workers 1, .* or --snapshots \(1\.0 GiB\)/,
    );
  });

  it("gives workers whose CPUs follow the load 24 slots each, but 16 or 8 rather than fewer workers or no snapshots", () => {
    const topology = readRecorded("laptop-4c8t");
    const slotsWith = (freeBytes: number, flags: Readonly<Record<string, unknown>> = {}) => {
      const memory = { ...topology.memory, freeBytes };
      return makePlan({ ...topology, memory }, settingsOf(flags), DISTILL_MODEL, sharedOf(topology)).shape.slots;
    };
    const [many = 0, few = 0] = [24, 16].map((slots) => {
      const { budget } = planFor("laptop-4c8t", { slots });
      return budget.neededBytes - budget.snapshotBytes;
    });
    assert.equal(slotsWith(2 * many + MIB), 24);
    assert.equal(slotsWith(2 * many - MIB), 16);
    assert.equal(slotsWith(few + 100 * MIB), 16);
    assert.equal(slotsWith(few + 5 * MIB), 8);
    assert.equal(slotsWith(few - 100 * MIB), 8);
    assert.equal(slotsWith(2 * many + MIB, { elastic: "off" }), 8);
    assert.equal(slotsWith(2 * many + MIB, { slots: 3 }), 3);
  });

  it("cuts snapshots to what bound workers leave on the fullest of their nodes, and binds none where a size needs the room", () => {
    const topology = readRecorded("two-sockets-64c");
    const { need, layout } = planFor("two-sockets-64c");
    const onNode = need.perWorker.totalBytes * layout.placements.filter((placement) => placement.node === 1).length;
    const nodes = topology.nodes.map((node) => (node.id === 1 ? { ...node, freeBytes: onNode + 80 * MIB } : node));
    const planWith = (flags: Readonly<Record<string, unknown>>) =>
      makePlan({ ...topology, nodes }, settingsOf(flags), DISTILL_MODEL, sharedOf(topology));
    const cut = planWith({});
    assert.deepEqual([cut.budget.snapshotBytes, cut.layout.placements.at(-1)?.boundNode], [80 * MIB, 1]);
    const asked = planWith({ snapshots: "100MiB" });
    assert.deepEqual([asked.budget.snapshotBytes, asked.layout.placements.at(-1)?.boundNode], [100 * MIB, undefined]);
  });

  it("binds memory to nodes where there are several and they have room", () => {
    const roomy = planFor("two-sockets-64c").layout;
    assert.deepEqual(
      roomy.placements.map((placement) => placement.boundNode),
      [0, 0, 0, 0, 1, 1, 1, 1],
    );
    assert.deepEqual(
      planFor("epyc-8ccd")
        .layout.placements.map((placement) => placement.boundNode)
        .filter((node) => node !== undefined),
      [],
    );
    const topology = readRecorded("two-sockets-64c");
    const nodes = topology.nodes.map((node) => (node.id === 1 ? { ...node, freeBytes: 2 ** 30 } : node));
    const { layout } = makePlan({ ...topology, nodes }, settingsOf({}), DISTILL_MODEL, sharedOf(topology));
    assert.deepEqual(
      layout.placements.map((placement) => placement.boundNode),
      [0, 0, 0, 0, undefined, undefined, undefined, undefined],
    );
    assert.match(layout.warnings.join(), /NUMA node 1 has too little free memory/);
  });

  it("counts the scores of exact attention, which flash attention does without", () => {
    const exact = planFor("laptop-4c8t", { "flash-attention": "off" }).need.perWorker.computeBytes;
    const flash = planFor("laptop-4c8t").need.perWorker.computeBytes;
    assert.equal(exact - flash, 512 * 4 * 12 * 4096);
  });
});
