import assert from "node:assert/strict";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { ConfigError } from "@drover/config";
import { createInvocation } from "./invocation.ts";

const isRefusal = (error: unknown) => error instanceof ConfigError && /--config drover\.yaml/.test(error.message);

describe("drover.yaml in the working folder", () => {
  const folder = mkdtempSync(join(tmpdir(), "drover-working-"));
  const workingFolder = process.cwd();
  before(() => {
    writeFileSync(join(folder, "drover.yaml"), "queue: { limit: 7 }\n", { mode: 0o644 });
    process.chdir(folder);
  });
  after(() => {
    process.chdir(workingFolder);
    rmSync(folder, { recursive: true });
  });

  it("is read where nobody else may write to it, and else only when it is named", () => {
    assert.equal(createInvocation({}, {}).settings().settings.queue.limit, 7);
    chmodSync("drover.yaml", 0o666);
    assert.throws(() => createInvocation({}, {}).settings(), isRefusal);
    assert.equal(createInvocation({ config: "drover.yaml" }, {}).settings().settings.queue.limit, 7);
  });
});
