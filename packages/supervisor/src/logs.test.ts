import assert from "node:assert/strict";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { createManualClock } from "@drover/foundation/test-support/manual-clock";
import { descriptorSink } from "./logs.ts";

describe("a sink of log lines", () => {
  it("is flushed once all is written, and leaves no timer behind that would keep the process", async () => {
    const folder = mkdtempSync(join(tmpdir(), "drover-logs-"));
    const file = join(folder, "log");
    const descriptor = openSync(file, "w");
    const clock = createManualClock();
    const sink = descriptorSink(descriptor, clock);
    sink.write("one\n");
    sink.write("two\n");
    await sink.flush();
    assert.equal(readFileSync(file, "utf8"), "one\ntwo\n");
    assert.equal(clock.waiting(), 0);
    closeSync(descriptor);
    rmSync(folder, { recursive: true });
  });
});
