import type { SupervisorStatus, WorkerStatus } from "./worker-status.ts";

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
    help: "Times the worker was started anew.",
    value: ({ restarts }) => restarts,
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

/** What the supervisor knows of its workers, in Prometheus's text format; empty before there are any. */
export function workerMetrics(status: SupervisorStatus | undefined): string {
  const workers = status?.workers ?? [];
  if (workers.length === 0) return "";
  return METRICS.map(({ name, type, help, value }) => {
    const lines = workers.map((worker) => `${name}{worker="${worker.id}"} ${value(worker)}\n`);
    return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
  }).join("");
}
