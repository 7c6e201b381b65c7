import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { workerMetrics } from "./metrics.ts";
import type { WorkerStatus } from "../worker/worker-status.ts";

const worker: WorkerStatus = {
  id: "1",
  pid: 7,
  state: "ready",
  port: 8081,
  cpus: [0],
  elastic: true,
  slots: { busy: 1, total: 8 },
  requests: 3,
  restarts: 2,
  cpuPercent: 150,
  rssBytes: 1024,
  uptimeMs: 1500,
};

describe("workerMetrics", () => {
  it("gives each worker's state, restarts, CPU, memory and age in Prometheus's text format", () => {
    const text = workerMetrics({ workers: [worker, { ...worker, id: "2", state: "quarantined" }], snapshots: null });
    for (const line of [
      "# TYPE drover_worker_restarts_total counter",
      'drover_worker_ready{worker="1"} 1',
      'drover_worker_ready{worker="2"} 0',
      'drover_worker_quarantined{worker="2"} 1',
      'drover_worker_restarts_total{worker="1"} 2',
      'drover_worker_cpus{worker="1"} 1',
      'drover_worker_cpu_cores{worker="1"} 1.5',
      'drover_worker_resident_bytes{worker="1"} 1024',
      'drover_worker_uptime_seconds{worker="1"} 1.5',
    ])
      assert.ok(text.split("\n").includes(line), `${line}\n${text}`);
  });

  it("gives number, size and limit of the snapshots where any are kept", () => {
    const snapshots = { directory: "/dev/shm/d", files: 3, bytes: 300, limitBytes: 1000 };
    const lines = workerMetrics({ workers: [worker], snapshots }).split("\n");
    for (const line of ["drover_snapshot_files 3", "drover_snapshot_bytes 300", "drover_snapshot_limit_bytes 1000"])
      assert.ok(lines.includes(line), line);
    assert.doesNotMatch(workerMetrics({ workers: [worker], snapshots: null }), /snapshot/);
  });

  it("gives nothing before there is a worker", () => {
    assert.equal(workerMetrics(undefined), "");
    assert.equal(workerMetrics({ workers: [], snapshots: null }), "");
  });
});
