import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { groupOf, startPick } from "./pick-state.ts";
import { createUpstream } from "./upstream.ts";
import { workerAlone } from "./worker-picks.ts";

function workersOf(count: number) {
  const ids = Array.from({ length: count }, (_, index) => `w${index}`);
  return ids.map((id) => {
    const worker = createUpstream({ id, origin: "http://127.0.0.1:1", owned: true, maxConns: 2 });
    worker.ready = true;
    return worker;
  });
}

const isLiving = () => false;

describe("A request that was in a crash", () => {
  for (const [count, most] of [
    [1, 1],
    [2, 1],
    [4, 3],
  ] as const)
    it(`has a worker for itself, and of ${count} as many such requests have ${most} at a time`, () => {
      const workers = workersOf(count);
      const suspects = Array.from({ length: count + 1 }, () => startPick(groupOf(workers), {}, 0));
      const given = suspects
        .map((suspect) => workerAlone(workers, suspect, isLiving))
        .filter((worker) => worker !== undefined);
      assert.equal(new Set(given).size, most);
      assert.equal(given.length, most);
      const [over] = workers;
      if (over !== undefined) over.aloneFor = undefined;
      assert.equal(workerAlone(workers, startPick(groupOf(workers), {}, 0), isLiving), over, "the next one's turn");
    });

  it("waits until it is known whether a worker that has lost a connection lives", () => {
    const [dying, other] = workersOf(2);
    const workers = [dying, other].filter((worker) => worker !== undefined);
    const suspect = startPick(groupOf(workers), {}, 0);
    assert.equal(
      workerAlone(workers, suspect, () => true),
      undefined,
    );
    assert.equal(
      workerAlone(workers, suspect, (worker) => worker === dying),
      other,
    );
  });
});
