import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { evictSnapshots, MOST_SNAPSHOTS } from "./evict-snapshots.ts";

const files = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ name: String(index), bytes: 10, lastUseMs: count - index }));
const names = (evicted: readonly { readonly name: string }[]) => evicted.map(({ name }) => name);

describe("evicting snapshots", () => {
  it("takes the least recently used ones, and no more than have to go", () => {
    assert.deepEqual(names(evictSnapshots(files(4), 10, 50)), []);
    assert.deepEqual(names(evictSnapshots(files(4), 10, 49)), ["3"]);
    assert.deepEqual(names(evictSnapshots(files(4), 25, 45)), ["3", "2"]);
  });

  it("bounds their number too", () => {
    assert.deepEqual(names(evictSnapshots(files(MOST_SNAPSHOTS), 0, Number.MAX_SAFE_INTEGER)), [
      String(MOST_SNAPSHOTS - 1),
    ]);
    assert.deepEqual(names(evictSnapshots(files(MOST_SNAPSHOTS - 1), 0, Number.MAX_SAFE_INTEGER)), []);
  });
});
