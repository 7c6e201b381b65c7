import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { readCosts, storeCosts } from "./cost-file.ts";
import { loadText } from "./describe-load.ts";

describe("the load plan in words", () => {
  it("names the workers and their CPUs for each number of requests", () => {
    const steps = [
      { upTo: 5, workers: 1, cpusEach: 16 },
      { upTo: 12, workers: 2, cpusEach: 8 },
      { upTo: Number.POSITIVE_INFINITY, workers: 4, cpusEach: 4 },
    ];
    const words = "CPUs follow the load: 1 to 5 requests: 1 worker x 16 CPUs; 6 to 12: 2 x 8; more: 4 x 4";
    assert.equal(loadText(steps, true), words);
    const [only] = steps.slice(-1);
    assert.match(loadText(only === undefined ? [] : [only], true), /: any number of requests: 4 workers x 4 CPUs$/);
    const unheld = "threads follow the load: 1 to 5 requests: 1 worker x 16 threads; 6 to 12: 2 x 8; more: 4 x 4";
    assert.equal(loadText(steps, false), unheld);
    assert.match(loadText([], true), /measured at the first start$/);
  });
});

describe("measured costs, kept for the next plan", () => {
  it("come back for the same model and shape, and for no other, without a table that is empty", async () => {
    const folder = mkdtempSync(join(tmpdir(), "drover-costs-"));
    const before = process.env["XDG_CACHE_HOME"];
    process.env["XDG_CACHE_HOME"] = folder;
    try {
      const modelPath = join(folder, "m.gguf");
      writeFileSync(modelPath, "GGUF");
      const tables = new Map([[2, [{ tokens: 1, ms: 39.5 }]]]);
      await storeCosts({ modelPath, slots: 16 }, new Map([...tables, [4, []]]));
      assert.deepEqual(await readCosts({ modelPath, slots: 16 }), tables);
      assert.equal((await readCosts({ modelPath, slots: 8 })).size, 0);
      assert.equal((await readCosts({ modelPath: join(folder, "none.gguf"), slots: 16 })).size, 0);
    } finally {
      if (before === undefined) delete process.env["XDG_CACHE_HOME"];
      else process.env["XDG_CACHE_HOME"] = before;
      rmSync(folder, { recursive: true });
    }
  });
});
