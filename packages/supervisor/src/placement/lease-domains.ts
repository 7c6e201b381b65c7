import type { Settings } from "@drover/config";
import { cutCpus, type Layout } from "./layout.ts";
import type { Cpu, Topology } from "./topology.ts";

/**
 * CPUs that are leased to the same workers: those of a NUMA node, or of the machine where workers are not held to nodes. A
 * worker's weights lie in the memory of its node, so that it never computes on another one.
 */
export interface LeaseDomain {
  /** undefined: workers are not held to a node. */
  readonly node: number | undefined;
  /** Ascending; each is a core of its own where the layout takes one thread of each. */
  readonly cpus: readonly Cpu[];
  /** How many of the layout's workers belong here. */
  readonly workers: number;
}

/** The CPUs that a layout uses, in its domains. */
export function leaseDomains(
  { placements }: Pick<Layout, "placements">,
  { cpus }: Pick<Topology, "cpus">,
): readonly LeaseDomain[] {
  const nodes = new Set(placements.map(({ node }) => node));
  const keys = nodes.has(undefined) || nodes.size === 0 ? [undefined] : [...nodes];
  return keys.map((node) => {
    const own = keys.length === 1 ? placements : placements.filter((placement) => placement.node === node);
    const used = new Set(own.flatMap((placement) => placement.cpus));
    return { node, cpus: cpus.filter(({ id }) => used.has(id)), workers: own.length };
  });
}

/** The CPUs' ids in `count` shares, cut between L3 groups where that is possible; no more shares than CPUs. */
export function shareCpus(cpus: readonly Cpu[], count: number): readonly (readonly number[])[] {
  const shares = cutCpus(cpus, Math.min(count, cpus.length));
  return shares.map((share) => share.map(({ id }) => id));
}

/**
 * How many CPUs a worker holds while 1, 2, … all workers of its domain compute, the most first, and half of them: that is
 * what is left beside a worker that replaces another one.
 */
export function leaseCounts({ cpus, workers }: LeaseDomain): readonly number[] {
  const most = cpus.length;
  const counts = Array.from({ length: Math.max(2, workers) }, (_, index) => Math.floor(most / (index + 1)));
  return [...new Set(counts)].filter((count) => count > 0);
}

/** Whether workers get their CPUs by leases. A number of threads is an order, and a command of the user's knows no leases. */
export function isElastic({ workers }: Pick<Settings, "workers">): boolean {
  return workers.elastic === "on" && workers.threads === "auto" && workers.command === undefined;
}

/** The layout with what each worker has to know of its leases. */
export function withLeases(layout: Layout, topology: Topology): Layout {
  const domains = leaseDomains(layout, topology);
  const placements = layout.placements.map((placement) => {
    const domain = domains.find(({ node }) => node === placement.node) ?? domains[0];
    return domain === undefined ? placement : { ...placement, leases: { counts: leaseCounts(domain) } };
  });
  return { ...layout, placements };
}
