import type { SnapshotStatus } from "../snapshots/snapshot-directory.ts";
import type { WorkerStatus } from "../worker/worker-status.ts";
import type { FleetStatus } from "./fleet-status.ts";

interface Metric {
  readonly name: string;
  readonly type: "gauge" | "counter";
  readonly help: string;
  readonly value: (worker: WorkerStatus) => number;
}

const METRICS: readonly Metric[] = [
  {
    name: "drover_worker_ready",
    type: "gauge",
    help: "1 while the worker's state is ready.",
    value: ({ state }) => (state === "ready" ? 1 : 0),
  },
  {
    name: "drover_worker_quarantined",
    type: "gauge",
    help: "1 while the worker is given up after too many restarts.",
    value: ({ state }) => (state === "quarantined" ? 1 : 0),
  },
  {
    name: "drover_worker_restarts_total",
    type: "counter",
    help: "Times the worker was started again because it had crashed or hung.",
    value: ({ restarts }) => restarts,
  },
  {
    name: "drover_worker_cpus",
    type: "gauge",
    help: "CPUs that the worker computes on now; 0 while it stands by, or where it is not held to any.",
    value: ({ cpus }) => cpus.length,
  },
  {
    name: "drover_worker_cpu_cores",
    type: "gauge",
    help: "CPUs that the worker keeps busy.",
    value: ({ cpuPercent }) => cpuPercent / 100,
  },
  {
    name: "drover_worker_resident_bytes",
    type: "gauge",
    help: "Memory of the worker's process.",
    value: ({ rssBytes }) => rssBytes,
  },
  {
    name: "drover_worker_uptime_seconds",
    type: "gauge",
    help: "Age of the worker's process.",
    value: ({ uptimeMs }) => uptimeMs / 1000,
  },
];

const SNAPSHOT_METRICS: readonly (readonly [name: string, help: string, value: (of: SnapshotStatus) => number])[] = [
  ["drover_snapshot_files", "KV snapshots that the workers keep together.", ({ files }) => files],
  ["drover_snapshot_bytes", "Memory that KV snapshots take in /dev/shm.", ({ bytes }) => bytes],
  ["drover_snapshot_limit_bytes", "Memory that KV snapshots may take.", ({ limitBytes }) => limitBytes],
];

/** What the supervisor knows of its workers and of what they share, in Prometheus's text format; empty before there are any. */
export function workerMetrics(status: FleetStatus | undefined): string {
  const workers = status?.workers ?? [];
  if (workers.length === 0) return "";
  const ofWorkers = METRICS.map(({ name, type, help, value }) => {
    const lines = workers.map((worker) => `${name}{worker="${worker.id}"} ${value(worker)}\n`);
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
  });
  const snapshots = status?.snapshots ?? null;
  if (snapshots === null) return ofWorkers.join("");
  const shared = SNAPSHOT_METRICS.map(
    ([name, help, value]) => `# HELP ${name} ${help}\n# TYPE ${name} gauge\n${name} ${value(snapshots)}\n`,
  );
  return [...ofWorkers, ...shared].join("");
}
