import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { needs, needsIn } from "./needs.ts";

describe("needs", () => {
  it("lets a test run where the program is installed", () => {
    assert.deepEqual(needs("git"), { skip: false });
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
