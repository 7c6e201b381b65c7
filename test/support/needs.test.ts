import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { needsIn } from "./needs.ts";

describe("needs", () => {
  it("lets a test run where the program is installed", () => {
    const folder = mkdtempSync(join(tmpdir(), "drover-programs-"));
    try {
      writeFileSync(join(folder, "git"), "", { mode: 0o755 });
      assert.deepEqual(needsIn(["/nowhere", folder], ["git"]), { skip: false });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("skips by name, with the package, where it is missing", () => {
    assert.deepEqual(
      withEnvironment({ CI: undefined }, () => needsIn(["/nowhere"], ["lscpu", "taskset", "nginx"])),
      { skip: "needs lscpu, taskset, nginx (apt-get install util-linux nginx-light)" },
    );
  });

  it("fails instead of skipping under CI=true", () => {
    assert.throws(
      () => withEnvironment({ CI: "true" }, () => needsIn(["/nowhere"], ["lscpu", "taskset", "nginx"])),
      /needs lscpu, taskset, nginx \(apt-get install util-linux nginx-light\), which may not be skipped under CI=true/,
    );
  });
});

function withEnvironment<T>(values: Readonly<Record<string, string | undefined>>, run: () => T): T {
  const before = Object.fromEntries(Object.keys(values).map((name) => [name, process.env[name]]));
  try {
    set(values);
    return run();
  } finally {
    set(before);
  }
}

function set(values: Readonly<Record<string, string | undefined>>): void {
  for (const [name, value] of Object.entries(values))
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
}
