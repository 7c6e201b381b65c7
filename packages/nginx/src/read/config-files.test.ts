import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { it } from "node:test";
import { systemFiles } from "./config-files.ts";

it("a device or a pipe that a configuration includes is empty, as for nginx, and never read without end", () => {
  const folder = mkdtempSync(join(tmpdir(), "drover-include-"));
  const pipe = join(folder, "pipe");
  try {
    execFileSync("sh", ["-c", 'mkfifo "$0"', pipe]);
    for (const path of ["/dev/zero", "/dev/null", pipe]) assert.equal(systemFiles.read(path), "");
    assert.throws(() => systemFiles.read(folder), { code: "EISDIR" });
    assert.throws(() => systemFiles.read(join(folder, "none")), { code: "ENOENT" });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
