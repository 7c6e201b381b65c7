import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { needs } from "../support/needs.ts";
import { runStorm } from "./storm.ts";

describe("a short storm", () => {
  it("does no harm: each request is answered, and nothing is left behind", needs("setpriv", "taskset"), async () => {
    const actions = [
      "SIGKILL a worker",
      "SIGSTOP a worker",
      "block a worker's loop",
      "steal a worker's port",
      "SIGHUP, bad file",
    ];
    const report = await runStorm({ seconds: 1, seed: 7, workers: 2, clients: 8, actions });
    assert.deepEqual(report.violations, []);
    assert.ok((report.clients.counts["whole"] ?? 0) > 20);
    assert.ok(report.recoveries.length > 0);
  });
});
