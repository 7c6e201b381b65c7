import { addScraped } from "@drover/balancer/engine";
import type { Time } from "@drover/foundation/clock";
import { Counter, type Registry } from "prom-client";
import type { FleetStatus } from "../fleet/fleet-status.ts";
import type { SnapshotStatus, WorkerStatus } from "@drover/contract/console-state";
import { RESTART_REASONS } from "../worker/restarts.ts";

/** A gauge of each worker. A new one is a row here. */
const GAUGES: readonly (readonly [name: string, help: string, value: (of: WorkerStatus) => number])[] = [
  ["drover_worker_ready", "1 while the worker's state is ready.", ({ state }) => (state === "ready" ? 1 : 0)],
  [
    "drover_worker_quarantined",
    "1 while the worker is given up after too many restarts.",
    ({ state }) => (state === "quarantined" ? 1 : 0),
  ],
  [
    "drover_worker_cpus",
    "CPUs that the worker computes on now; 0 while it stands by, or where it is not held to any.",
    ({ cpus }) => cpus.length,
  ],
  ["drover_worker_resident_bytes", "Memory of the worker's process.", ({ rssBytes }) => rssBytes],
];

const SNAPSHOT_GAUGES: readonly (readonly [name: string, help: string, value: (of: SnapshotStatus) => number])[] = [
  ["drover_snapshot_files", "KV snapshots that the workers keep together.", ({ files }) => files],
  ["drover_snapshot_bytes", "Memory that KV snapshots take in /dev/shm.", ({ bytes }) => bytes],
  ["drover_snapshot_limit_bytes", "Memory that KV snapshots may take.", ({ limitBytes }) => limitBytes],
];

/** What is seen of the fleet from outside. `status` is asked once a scrape. */
export interface FleetSource {
  readonly status: () => Promise<FleetStatus>;
  /** All workers are unloaded until the next request. */
  readonly isAsleep: () => boolean;
}

/** What the supervisor knows of its workers and of what they share. */
export function watchFleet(registry: Registry, { status, isAsleep }: FleetSource, clock: Time): void {
  const read = oncePerScrape(status);
  for (const [name, help, value] of GAUGES)
    addScraped(registry, "gauge", { name, help, labelNames: ["worker"] }, async () =>
      (await read()).workers.map((worker) => [{ worker: worker.id }, value(worker)]),
    );
  for (const [name, help, value] of SNAPSHOT_GAUGES)
    addScraped(registry, "gauge", { name, help }, async () => {
      const { snapshots } = await read();
      return [[{}, snapshots === null ? 0 : value(snapshots)]];
    });
  const help = "1 while all workers are unloaded for want of requests; the next one wakes them.";
  addScraped(registry, "gauge", { name: "drover_asleep", help }, () => [[{}, isAsleep() ? 1 : 0]]);
  watchRestarts(registry, read);
  watchProcesses(registry, read, clock);
}

function watchRestarts(registry: Registry, read: FleetSource["status"]): void {
  const metric = {
    name: "drover_worker_restarts_total",
    help: "Times the worker was started again, by what had become of it: it crashed, hung, or was killed from outside.",
    labelNames: ["worker", "reason"],
  };
  addScraped(registry, "counter", metric, async () =>
    (await read()).workers.flatMap(({ id, restartReasons }) =>
      RESTART_REASONS.map((reason) => [{ worker: id, reason }, restartReasons[reason]] as const),
    ),
  );
}

/** What was last seen of a worker's process. */
interface SeenProcess {
  readonly pid: number;
  readonly cpuSeconds: number;
  readonly startedAtSeconds: number;
}

/** CPU time is the kernel's, of each process; here it is summed over the processes of a worker as far as they were seen. */
function watchProcesses(registry: Registry, read: FleetSource["status"], clock: Time): void {
  const seen = new Map<string, SeenProcess>();
  const cpu: Counter = new Counter({
    name: "drover_worker_cpu_seconds_total",
    help: "CPU time of the worker's processes.",
    labelNames: ["worker"],
    registers: [registry],
    async collect() {
      for (const { id, pid, cpuSeconds, uptimeMs } of (await read()).workers) {
        if (pid === null) {
          seen.delete(id);
          continue;
        }
        const before = seen.get(id);
        const isSame = before?.pid === pid;
        cpu.inc({ worker: id }, Math.max(0, cpuSeconds - (isSame ? before.cpuSeconds : 0)));
        const startedAtSeconds = isSame ? before.startedAtSeconds : (clock.epochMs() - uptimeMs) / 1000;
        seen.set(id, { pid, cpuSeconds: Math.max(cpuSeconds, isSame ? before.cpuSeconds : 0), startedAtSeconds });
      }
    },
  });
  const metric = {
    name: "drover_worker_start_time_seconds",
    help: "When the worker's present process was started, as Unix time.",
    labelNames: ["worker"],
  };
  addScraped(registry, "gauge", metric, async () => {
    await read();
    return [...seen].map(([worker, { startedAtSeconds }]) => [{ worker }, startedAtSeconds]);
  });
}

/** All metrics of one scrape are collected side by side, and share one reading. */
function oncePerScrape<T>(read: () => Promise<T>): () => Promise<T> {
  let reading: Promise<T> | undefined;
  return () => {
    reading ??= read().finally(() => (reading = undefined));
    return reading;
  };
}
