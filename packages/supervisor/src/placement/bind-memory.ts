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
  const roomy = new Set(
    nodes
      .filter(
        ({ id, freeBytes }) =>
          freeBytes - snapshotBytes >=
          workerBytes * layout.placements.filter((placement) => placement.node === id).length,
      )
      .map((node) => node.id),
  );
  const short = nodes.filter(
    ({ id }) => !roomy.has(id) && layout.placements.some((placement) => placement.node === id),
  );
  return {
    ...layout,
    placements: layout.placements.map((placement) =>
      placement.node !== undefined && roomy.has(placement.node)
        ? { ...placement, boundNode: placement.node }
        : placement,
    ),
    reasons: [...layout.reasons, ...(roomy.size > 0 ? ["each worker's memory is bound to its NUMA node"] : [])],
    warnings: [
      ...layout.warnings,
      ...short.map(
        ({ id }) => `NUMA node ${id} has too little free memory for its workers: theirs is not bound to it.`,
      ),
    ],
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
