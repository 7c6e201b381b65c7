import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as fc from "fast-check";
import { readRecorded, recordedMachines } from "../test-support/recorded-machine.ts";
import { layOut, type Layout, type LayoutDemand } from "./layout.ts";
import type { Topology } from "./topology.ts";

const MACHINES = new Map(recordedMachines().map((name) => [name, readRecorded(name)]));

function machine(name: string): Topology {
  const found = MACHINES.get(name);
  assert.ok(found !== undefined, name);
  return found;
}

function lay(
  name: string,
  workers: LayoutDemand["workers"] = "auto",
  threads: LayoutDemand["threads"] = "auto",
): Layout {
  return layOut(machine(name), { workers, threads });
}

const cpusOf = (layout: Layout): readonly (readonly number[])[] => layout.placements.map((placement) => placement.cpus);

function coresOf({ cpus }: Topology, ids: readonly number[]): readonly number[] {
  return [...new Set(ids.map((id) => cpus.find((cpu) => cpu.id === id)?.core ?? -1))];
}

/** `key` of each of the CPUs, once. */
function spread({ cpus }: Topology, ids: readonly number[], key: "node" | "cache"): number {
  return new Set(cpus.filter((cpu) => ids.includes(cpu.id)).map((cpu) => cpu[key])).size;
}

describe("layOut", () => {
  it("gives a thread to each physical core, not to its second thread", () => {
    assert.deepEqual(cpusOf(lay("laptop-4c8t")), [
      [0, 1],
      [2, 3],
    ]);
  });

  it("leaves one CPU to the balancer from 8 CPUs up", () => {
    assert.deepEqual(lay("ampere-128c").spared, [0]);
    assert.deepEqual(lay("laptop-4c8t").spared, [4, 5, 6, 7]);
    assert.deepEqual(lay("vm-2vcpu").spared, []);
  });

  it("starts two workers where there are two CPUs, so that one may fail", () => {
    assert.deepEqual(cpusOf(lay("vm-2vcpu")), [[0], [1]]);
  });

  it("fills each L3 group with a worker of its own", () => {
    const layout = lay("epyc-8ccd");
    assert.equal(layout.placements.length, 8);
    for (const { cpus, threads } of layout.placements) {
      assert.equal(threads, 8);
      assert.equal(spread(machine("epyc-8ccd"), cpus, "cache"), 1);
    }
  });

  it("keeps workers of few threads inside L3 groups, and of many inside nodes", () => {
    const small = lay("epyc-8ccd", 20, 3);
    for (const { cpus } of small.placements.slice(0, 16)) assert.equal(spread(machine("epyc-8ccd"), cpus, "cache"), 1);
    const large = lay("two-sockets-64c", 4, 16);
    assert.deepEqual(
      large.placements.map((placement) => placement.node),
      [0, 1, 0, 1],
    );
  });

  it("gives one worker on one machine every core, across nodes", () => {
    const [placement, ...others] = lay("two-sockets-64c", 1).placements;
    assert.deepEqual([placement?.threads, placement?.node, others.length], [64, undefined, 0]);
  });

  it("cuts uneven numbers of workers between nodes first", () => {
    const layout = lay("two-sockets-64c", 3);
    assert.deepEqual(
      layout.placements.map((placement) => [placement.threads, placement.node]),
      [
        [16, 0],
        [16, 0],
        [32, 1],
      ],
    );
  });

  it("leaves efficiency cores out, until threads are asked for that need them", () => {
    assert.deepEqual(cpusOf(lay("hybrid-6p8e")), [
      [0, 2, 4],
      [6, 8, 10],
    ]);
    const [all] = lay("hybrid-6p8e", 1, 20).placements;
    assert.equal(all?.cpus.length, 20);
  });

  it("gives a worker both threads of a core before two workers share one", () => {
    const layout = lay("laptop-4c8t", 2, 4);
    assert.deepEqual(cpusOf(layout), [
      [0, 1, 4, 5],
      [2, 3, 6, 7],
    ]);
    assert.deepEqual(layout.warnings, []);
  });

  it("uses only as many cores as a quota pays for", () => {
    assert.deepEqual(cpusOf(lay("container-1.5cpu")), [[0]]);
    assert.match(lay("container-1.5cpu", 4, 1).warnings.join(), /pays for 1.5 CPUs/);
  });

  it("warns with the arithmetic when CPUs must be used twice", () => {
    const [warning] = lay("vm-2vcpu", 3, 2).warnings;
    assert.match(warning ?? "", /3 workers use 6 threads in all, but Drover may use only 2 CPUs/);
    assert.deepEqual(lay("vm-2vcpu", 2, 1).warnings, []);
  });

  it("never uses a CPU twice or shares a core between workers while cores suffice, on any machine", () => {
    const demand = fc.record({
      name: fc.constantFrom(...MACHINES.keys()),
      workers: fc.oneof(fc.constant("auto" as const), fc.integer({ min: 1, max: 40 })),
      threads: fc.oneof(fc.constant("auto" as const), fc.integer({ min: 1, max: 40 })),
    });
    fc.assert(
      fc.property(demand, ({ name, workers, threads }) => {
        const ground = machine(name);
        const { placements, spared, warnings } = layOut(ground, { workers, threads });
        if (workers !== "auto") assert.equal(placements.length, workers);
        if (threads !== "auto") assert.ok(placements.every((placement) => placement.threads === threads));
        assert.ok(placements.every((placement) => placement.threads > 0 && placement.cpus.length > 0));
        const all = placements.flatMap((placement) => placement.cpus);
        assert.ok(all.every((id) => ground.cpus.some((cpu) => cpu.id === id)));
        assert.ok(!spared.some((id) => all.includes(id)));
        const total = placements.reduce((sum, placement) => sum + placement.threads, 0);
        if (total <= ground.cpus.length && warnings.length === 0) assert.equal(new Set(all).size, all.length);
        const fast = coresOf(
          ground,
          ground.cpus.filter((cpu) => cpu.kind === "performance").map((cpu) => cpu.id),
        );
        if (total < fast.length && ground.quotaCpus === undefined) {
          const cores = placements.flatMap((placement) => coresOf(ground, placement.cpus));
          assert.equal(new Set(cores).size, cores.length, "no core is shared");
        }
      }),
      { numRuns: 150, seed: 1 },
    );
  });
});
