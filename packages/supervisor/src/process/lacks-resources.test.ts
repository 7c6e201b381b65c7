import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import { lacksResources } from "./lacks-resources.ts";

/** Few enough that Node runs and no process can be started. */
const DESCRIPTORS = 32;

const program = `
const { assertFreeDescriptors } = await import("${import.meta.resolve("./free-descriptors.js")}");
const { lacksResources } = await import("${import.meta.resolve("./lacks-resources.js")}");
try {
  assertFreeDescriptors();
} catch (error) {
  console.log(lacksResources(error), error.message);
}
`;

describe("lacksResources", () => {
  it("knows a process without descriptors, through what names the remedy", () => {
    const words = [process.execPath, "--input-type=module", "--eval", program];
    const said = execFileSync("sh", ["-c", `ulimit -n ${DESCRIPTORS}; exec "$0" "$@"`, ...words], { encoding: "utf8" });
    assert.match(said, /^true .*ulimit -n/);
  });

  it("takes no other fault for it", () => {
    assert.equal(lacksResources(Object.assign(new Error("no such file"), { code: "ENOENT" })), false);
    assert.equal(lacksResources(undefined), false);
  });
});
