import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { readRecorded } from "../test-support/recorded-machine.ts";
import { parseCpuList } from "./cpu-list.ts";
import { readTopology } from "./topology.ts";

const GIB = 2 ** 30;

describe("readTopology", () => {
  it("knows the threads of a core", () => {
    const { cpus } = readRecorded("laptop-4c8t");
    assert.deepEqual(
      cpus.map((cpu) => cpu.core),
      [0, 1, 2, 3, 0, 1, 2, 3],
    );
    assert.ok(cpus.every((cpu) => cpu.cache === 0 && cpu.node === 0 && cpu.kind === "performance"));
  });

  it("knows NUMA nodes with their free memory, page cache included but not files in memory", () => {
    const { cpus, nodes } = readRecorded("two-sockets-64c");
    assert.deepEqual([cpus[31]?.node, cpus[32]?.node, cpus[95]?.node, cpus[96]?.node], [0, 1, 0, 1]);
    assert.deepEqual(
      nodes.map((node) => node.freeBytes),
      [255_000_000 * 1024, 255_000_000 * 1024],
    );
  });

  it("knows which cores share an L3 cache, and that some machines have none to tell of", () => {
    const { cpus } = readRecorded("epyc-8ccd");
    assert.equal(new Set(cpus.map((cpu) => cpu.cache)).size, 8);
    assert.equal(cpus[11]?.cache, cpus[75]?.cache);
    assert.ok(readRecorded("ampere-128c").cpus.every((cpu) => cpu.cache === undefined));
  });

  it("tells efficiency cores from fast ones", () => {
    const { cpus } = readRecorded("hybrid-6p8e");
    assert.deepEqual(
      cpus.filter((cpu) => cpu.kind === "efficiency").map((cpu) => cpu.id),
      [12, 13, 14, 15, 16, 17, 18, 19],
    );
    const arm = readRecorded("arm-big-little");
    assert.deepEqual(
      arm.cpus.filter((cpu) => cpu.kind === "efficiency").map((cpu) => cpu.id),
      [0, 1, 2, 3],
    );
  });

  it("takes the tightest quota and limit of all control groups above, and counts page cache as free, but not files in memory", () => {
    const { quotaCpus, memory } = readRecorded("container-1.5cpu");
    assert.equal(quotaCpus, 1.5);
    assert.equal(memory.limitBytes, 3 * GIB);
    assert.equal(memory.freeBytes, 3 * GIB - 419_430_400 + 314_572_800 - 20_971_520);
    const nested = readRecorded("nested-groups");
    assert.deepEqual([nested.quotaCpus, nested.memory.limitBytes, nested.memory.freeBytes], [2, 1.5 * GIB, GIB]);
  });

  it("reads version 1 control groups, where a container sees its own as the root", () => {
    const { cpus, machineCpus, quotaCpus, memory } = readRecorded("container-v1");
    assert.deepEqual([cpus.length, machineCpus, quotaCpus], [4, 16, 3]);
    assert.deepEqual(memory.limitBytes, 2 * GIB);
    assert.equal(memory.freeBytes, 2 * GIB - 209_715_200 + 104_857_600 - 10_485_760);
  });

  it("takes a machine that tells nothing for the simplest one", () => {
    const { cpus, nodes, quotaCpus, memory } = readTopology("/does/not/exist");
    assert.ok(cpus.length > 0 && cpus.every((cpu) => cpu.core === cpu.id && cpu.node === 0));
    assert.deepEqual([nodes, quotaCpus, memory.limitBytes], [[], undefined, undefined]);
    assert.ok(memory.freeBytes > 0);
  });
});

describe("parseCpuList", () => {
  it("reads Linux's list format, and nothing out of nonsense", () => {
    assert.deepEqual(parseCpuList("8,0-2\n"), [0, 1, 2, 8]);
    assert.deepEqual(parseCpuList(""), []);
    assert.deepEqual(parseCpuList("x,3-1,5"), [5]);
    assert.ok(parseCpuList("0-99999999999").length < 10_000);
  });
});
