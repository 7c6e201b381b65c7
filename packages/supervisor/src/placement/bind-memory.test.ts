import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { bindMemory } from "./bind-memory.ts";

describe("bindMemory", () => {
  it("does not say that memory is bound where only a node without workers has enough of it", () => {
    const layout = { placements: [{ cpus: [0], threads: 1, node: 0 }], spared: [], reasons: [], warnings: [] };
    const nodes = [
      { id: 0, freeBytes: 10 },
      { id: 1, freeBytes: 1000 },
    ];
    const { placements, reasons, warnings } = bindMemory(layout, nodes, 100, 0);
    assert.deepEqual([placements, reasons], [layout.placements, []]);
    assert.match(warnings.join(), /NUMA node 0 has too little free memory/);
  });
});
