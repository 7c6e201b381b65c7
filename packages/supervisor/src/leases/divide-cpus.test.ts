import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { layOut } from "../placement/layout.ts";
import { leaseCounts, leaseDomains, shareCpus } from "../placement/lease-domains.ts";
import { divideCpus, type Holder } from "./divide-cpus.ts";
import { readRecorded } from "../test-support/recorded-machine.ts";

const holder = (id: string, facts: Partial<Holder> = {}): Holder => ({
  id,
  home: [],
  need: "none",
  since: 0,
  ordered: [],
  ...facts,
});

const cpus = (count: number) =>
  Array.from({ length: count }, (_, id) => ({ id, core: id, cache: 0, node: 0, kind: "performance" as const }));

const divide = (count: number, holders: readonly Holder[], preferred?: string, now = 0) =>
  Object.fromEntries(divideCpus(cpus(count), holders, { now, preferred }));

/** Of a recorded machine, by the layout that it gets. */
function domainsOf(machine: string) {
  const topology = readRecorded(machine);
  return leaseDomains(layOut(topology, { workers: "auto", threads: "auto" }), topology);
}

describe("dividing CPUs", () => {
  it("gives all of them to the only worker that computes, and to the preferred one while nobody does", () => {
    assert.deepEqual(divide(4, [holder("a"), holder("b", { need: "share" })], "a"), { b: [0, 1, 2, 3] });
    assert.deepEqual(divide(4, [holder("a"), holder("b")], "b"), { b: [0, 1, 2, 3] });
  });

  it("shares them evenly between those that compute, each at its home where it can be", () => {
    const [a, b] = [holder("a", { need: "share", home: [2, 3] }), holder("b", { need: "share", home: [0, 1] })];
    assert.deepEqual(divide(4, [a, b]), { a: [2, 3], b: [0, 1] });
  });

  it("leaves a worker the half that it has when another one comes", () => {
    const [a, b] = [
      holder("a", { need: "share", ordered: [0, 1, 2, 3], home: [0, 1] }),
      holder("b", { need: "share" }),
    ];
    assert.deepEqual(divide(4, [a, b]), { a: [0, 1], b: [2, 3] });
  });

  it("gives a worker that reads its model one CPU, and at least half to those that compute", () => {
    const computing = holder("a", { need: "share" });
    const reading = ["b", "c", "d"].map((id) => holder(id, { need: "loading", home: [3] }));
    assert.deepEqual(divide(4, [computing, ...reading]), { a: [0, 1], b: [3], c: [2] });
    assert.deepEqual(divide(1, [computing, ...reading]), { a: [0] });
  });

  it("lets workers measure one after the other with all CPUs, and like any other while somebody has requests", () => {
    const [a, b] = [holder("a", { need: "all", since: 2 }), holder("b", { need: "all", since: 1 })];
    assert.deepEqual(divide(4, [a, b]), { b: [0, 1, 2, 3] });
    assert.deepEqual(divide(4, [{ ...a, ordered: [0, 1, 2, 3] }, b]), { a: [0, 1, 2, 3] });
    assert.deepEqual(divide(4, [a, holder("c", { need: "share" })]), { a: [0, 1], c: [2, 3] });
  });

  it("lets more workers than CPUs compute in turns: those who have waited longest after those whose time is up", () => {
    const holders = [
      holder("a", { need: "share", ordered: [0], since: 0 }),
      holder("b", { need: "share", since: 20 }),
      holder("c", { need: "share", since: 10 }),
    ];
    assert.deepEqual(divide(1, holders, undefined, 100), { a: [0] });
    assert.deepEqual(divide(1, holders, undefined, 600), { c: [0] });
  });
});

describe("the CPUs that leases share out", () => {
  it("are those of each NUMA node apart, physical cores first", () => {
    const domains = domainsOf("two-sockets-64c");
    assert.deepEqual(
      domains.map(({ node, workers }) => [node, workers]),
      [
        [0, 4],
        [1, 4],
      ],
    );
    assert.ok(domains.every((domain) => new Set(domain.cpus.map(({ core }) => core)).size === domain.cpus.length));
  });

  it("are cut between L3 groups where the number of workers allows it", () => {
    const [domain] = domainsOf("epyc-8ccd");
    assert.ok(domain !== undefined);
    const groups = shareCpus(domain.cpus, domain.workers).map(
      (share) => new Set(domain.cpus.filter(({ id }) => share.includes(id)).map(({ cache }) => cache)).size,
    );
    assert.ok(groups.every((count) => count === 1));
  });

  it("are, on two CPUs, both for one worker or one for each", () => {
    const [domain] = domainsOf("vm-2vcpu");
    assert.ok(domain !== undefined);
    assert.deepEqual(leaseCounts(domain), [2, 1]);
  });
});
