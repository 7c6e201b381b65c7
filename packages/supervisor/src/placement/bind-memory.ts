import type { Layout } from "./layout.ts";
import type { NumaNode } from "./topology.ts";

/**
 * Binds each worker's memory to the node of its CPUs, on machines with several nodes. Where a node has too little free for its workers they are
 * left unbound, because a bound process is killed rather than given memory of another node.
 */
export function bindMemory(layout: Layout, nodes: readonly NumaNode[], workerBytes: number): Layout {
  if (nodes.length < 2) return layout;
  const roomy = new Set(
    nodes
      .filter(
        ({ id, freeBytes }) => freeBytes >= workerBytes * layout.places.filter((place) => place.node === id).length,
      )
      .map((node) => node.id),
  );
  const short = nodes.filter(({ id }) => !roomy.has(id) && layout.places.some((place) => place.node === id));
  return {
    ...layout,
    places: layout.places.map((place) =>
      place.node !== undefined && roomy.has(place.node) ? { ...place, boundNode: place.node } : place,
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
