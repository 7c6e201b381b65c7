import assert from "node:assert/strict";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { hasProgram } from "./programs.ts";

describe("hasProgram", () => {
  it("counts a program that may not be run as none", () => {
    const folder = mkdtempSync(join(tmpdir(), "drover-programs-"));
    try {
      const path = `/nowhere:${folder}`;
      assert.equal(hasProgram("taskset", path), false);
      mkdirSync(join(folder, "taskset"));
      assert.equal(hasProgram("taskset", path), false, "a folder");
      rmSync(join(folder, "taskset"), { recursive: true });
      writeFileSync(join(folder, "taskset"), "", { mode: 0o644 });
      assert.equal(hasProgram("taskset", path), false);
      chmodSync(join(folder, "taskset"), 0o755);
      assert.equal(hasProgram("taskset", path), process.platform === "linux");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
