import type { Layout } from "./layout.ts";
import type { NumaNode } from "./topology.ts";

/**
 * Binds each worker's memory to the node of its CPUs, on machines with several nodes. Where a node has too little free for its workers they are
 * left unbound, because a bound process is killed rather than given memory of another node. `snapshotBytes` are reserved on each node: a file in memory lies
 * where the worker that writes it is bound.
 */
export function bindMemory(
  layout: Layout,
  nodes: readonly NumaNode[],
  workerBytes: number,
  snapshotBytes: number,
): Layout {
  if (nodes.length < 2) return layout;
  const workersOn = (id: number) => layout.placements.filter(({ node }) => node === id).length;
  const isRoomy = ({ id, freeBytes }: NumaNode) => freeBytes - snapshotBytes >= workerBytes * workersOn(id);
  const used = nodes.filter(({ id }) => workersOn(id) > 0);
  const roomy = used.filter(isRoomy).map(({ id }) => id);
  const short = used.filter((node) => !isRoomy(node));
  const placements = layout.placements.map((placement) =>
    placement.node !== undefined && roomy.includes(placement.node)
      ? { ...placement, boundNode: placement.node }
      : placement,
  );
  const reasons = roomy.length > 0 ? ["each worker's memory is bound to its NUMA node"] : [];
  const warnings = short.map(
    ({ id }) => `NUMA node ${id} has too little free memory for its workers: theirs is not bound to it.`,
  );
  return {
    ...layout,
    placements,
    reasons: [...layout.reasons, ...reasons],
    warnings: [...layout.warnings, ...warnings],
  };
}

/** What bound workers leave on the fullest of their nodes; no limit where none is bound. */
export function spareOnNodes({ placements }: Layout, nodes: readonly NumaNode[], workerBytes: number): number {
  const spare = nodes.flatMap(({ id, freeBytes }) => {
    const bound = placements.filter(({ boundNode }) => boundNode === id).length;
    return bound === 0 ? [] : [Math.max(0, freeBytes - bound * workerBytes)];
  });
  return Math.min(Number.POSITIVE_INFINITY, ...spare);
}
