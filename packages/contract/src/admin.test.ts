import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { type WorkerActions, workerActions, workerCountOf } from "./admin.ts";

describe("the actions on workers", () => {
  it("are called with what the query says", async () => {
    const calls: unknown[] = [];
    const note = (name: string) => async (argument: unknown) => void calls.push([name, argument]);
    const actions = Object.fromEntries(Object.keys(workerActions).map((name) => [name, note(name)]));
    const query = new URLSearchParams("worker=2&count=3&model=m.gguf");
    for (const perform of Object.values(workerActions)) {
      await perform(actions as unknown as WorkerActions, query);
      if (perform !== workerActions.scale) await perform(actions as unknown as WorkerActions, new URLSearchParams());
    }
    assert.deepEqual(calls, [
      ["drain", "2"],
      ["drain", ""],
      ["undrain", "2"],
      ["undrain", ""],
      ["restart", "2"],
      ["restart", undefined],
      ["scale", 3],
      ["reload", "m.gguf"],
      ["reload", undefined],
    ]);
  });
});

describe("a number of workers", () => {
  it("is a whole number from 1 to 1024", () => {
    assert.deepEqual(["1", "04", "1024"].map(workerCountOf), [1, 4, 1024]);
    for (const text of ["0", "1025", "-1", "1.5", "1e2", " 2", "many", ""]) {
      const message = `"${text}" is no number of workers; give a whole number from 1 to 1024`;
      assert.throws(() => workerCountOf(text), { name: "RangeError", message });
    }
  });
});
