import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { createManualClock } from "@drover/foundation/test-support/manual-clock";
import { watchProcesses } from "./process-watch.ts";

describe("the watch on processes", () => {
  it("samples the living each second, and passes over one that is gone and a list that fails", async () => {
    const clock = createManualClock();
    const stop = new AbortController();
    let looks = 0;
    const list = () => {
      looks += 1;
      if (looks === 5) stop.abort();
      if (looks === 2) return Promise.reject(new Error("restarting"));
      return Promise.resolve([
        { name: "self", pid: process.pid },
        { name: "gone", pid: 2 ** 22 + 1 },
      ]);
    };
    const uses = await clock.run(watchProcesses(list, clock, stop.signal, () => 0));
    assert.deepEqual(
      uses.map(({ name }) => name),
      ["self"],
    );
    assert.ok((uses[0]?.maxRssBytes ?? 0) > 10_000_000);
    assert.ok((uses[0]?.samples.length ?? 0) >= 2);
  });
});
