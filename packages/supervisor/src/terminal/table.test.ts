import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { statusTable } from "./table.ts";

describe("statusTable", () => {
  it("fits a terminal of 80 columns", () => {
    const worker = { pid: 123_456, port: 8081, cpus: [0, 1, 2, 3], cpuPercent: 100, rssBytes: 2 ** 31 };
    const more = { slots: { busy: 8, total: 8 }, requests: 1234, restarts: 2, uptimeMs: 3_000_000 };
    const table = statusTable({ workers: [{ id: "1", state: "ready", ...worker, ...more }], snapshots: null });
    assert.match(table, /^id .*\n1 .* 0-3 .* 8\/8 .* 50m 0s *$/);
    assert.ok(table.split("\n").every((line) => line.length <= 80));
  });
});
