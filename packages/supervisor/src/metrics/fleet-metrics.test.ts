import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { systemClock } from "@drover/foundation/clock";
import { Registry } from "prom-client";
import type { FleetStatus } from "../fleet/fleet-status.ts";
import type { WorkerStatus } from "@drover/contract/console-state";
import { watchFleet } from "./fleet-metrics.ts";

const worker: WorkerStatus = {
  id: "1",
  pid: 7,
  state: "ready",
  readShare: 1,
  port: 8081,
  cpus: [0],
  elastic: true,
  slots: { busy: 1, total: 8 },
  requests: 3,
  restarts: 2,
  restartReasons: { crashed: 0, hung: 2, killed: 0 },
  cpuPercent: 150,
  cpuSeconds: 2,
  rssBytes: 1024,
  uptimeMs: 1500,
};

/** Scrapes; with an argument, after the fleet has come so far. */
function scraping(first: FleetStatus) {
  let status = first;
  const registry = new Registry();
  watchFleet(registry, { status: () => Promise.resolve(status), isAsleep: () => false }, systemClock);
  return async (next?: FleetStatus) => {
    status = next ?? status;
    return (await registry.metrics()).split("\n");
  };
}

describe("what /metrics says of the workers", () => {
  it("is each one's state, restarts by reason, CPUs and memory", async () => {
    const other: WorkerStatus = { ...worker, id: "2", state: "quarantined" };
    const lines = await scraping({ workers: [worker, other], snapshots: null })();
    for (const line of [
      "# TYPE drover_worker_restarts_total counter",
      'drover_worker_ready{worker="1"} 1',
      'drover_worker_ready{worker="2"} 0',
      'drover_worker_quarantined{worker="2"} 1',
      'drover_worker_restarts_total{worker="1",reason="hung"} 2',
      'drover_worker_restarts_total{worker="1",reason="crashed"} 0',
      'drover_worker_cpus{worker="1"} 1',
      'drover_worker_resident_bytes{worker="1"} 1024',
      'drover_worker_cpu_seconds_total{worker="1"} 2',
    ])
      assert.ok(lines.includes(line), `${line}\n${lines.join("\n")}`);
  });

  it("adds up the CPU time of a worker's processes, and has the start of the present one", async () => {
    const scrape = scraping({ workers: [worker], snapshots: null });
    await scrape();
    await scrape({ workers: [{ ...worker, cpuSeconds: 5 }], snapshots: null });
    await scrape({ workers: [{ ...worker, pid: null, cpuSeconds: 0 }], snapshots: null });
    const lines = await scrape({ workers: [{ ...worker, pid: 8, cpuSeconds: 3 }], snapshots: null });
    assert.ok(lines.includes('drover_worker_cpu_seconds_total{worker="1"} 8'), lines.join("\n"));
    const start = lines.find((line) => line.startsWith('drover_worker_start_time_seconds{worker="1"} ')) ?? "";
    assert.ok(Math.abs(Number(start.split(" ")[1]) - (systemClock.epochMs() - 1500) / 1000) < 60, start);
  });

  it("is number, size and limit of the snapshots; 0 where none are kept", async () => {
    const snapshots = { directory: "/dev/shm/d", files: 3, bytes: 300, limitBytes: 1000 };
    const scrape = scraping({ workers: [worker], snapshots });
    const lines = await scrape();
    for (const line of ["drover_snapshot_files 3", "drover_snapshot_bytes 300", "drover_snapshot_limit_bytes 1000"])
      assert.ok(lines.includes(line), line);
    assert.ok((await scrape({ workers: [worker], snapshots: null })).includes("drover_snapshot_files 0"));
  });

  it("has no sample of a worker before there is one", async () => {
    assert.doesNotMatch((await scraping({ workers: [], snapshots: null })()).join("\n"), /worker="/);
  });
});
