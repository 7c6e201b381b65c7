import { printable } from "@drover/foundation/printable";
import { plural, shortRanges, sizeText, wrap } from "@drover/foundation/texts";
import { transferText } from "@drover/models/transfer";
import type { DroverStatus, ServiceStatus, UpstreamRow } from "@drover/supervisor/admin";
import { plainTable } from "./plain-table.ts";

type Row = DroverStatus["workers"][number];

/** The process, its workers and what they share, as people read them; in a narrow terminal closer together. */
export function statusTable(status: DroverStatus, columns = Number.POSITIVE_INFINITY): string {
  const { service, workers, snapshots, upstreams } = status;
  const isAsleep = service.phase === "asleep";
  const lines = [
    ...serviceLines(service),
    "",
    ...(workers.length === 0 ? [] : [workerTable(workers, isAsleep, columns)]),
    ...(upstreams.length === 0 ? [] : [upstreamTable(upstreams, columns)]),
  ];
  if (snapshots !== null) {
    const { files, bytes, limitBytes, directory } = snapshots;
    lines.push(`snapshots: ${files}, ${sizeText(bytes)} of ${sizeText(limitBytes)} in ${directory}`);
  }
  lines.push(...service.missing.map((sentence) => `missing: ${sentence}`));
  // A table is fitted already, and must not be broken.
  return lines.flatMap((line) => (line.includes("\n") ? [line] : wrap(line, columns))).join("\n");
}

function serviceLines(service: ServiceStatus): readonly string[] {
  const { pid, queue, config } = service;
  const waiting = queue === null ? "" : `, ${plural(queue.depth, "request")} waiting`;
  return [
    `drover (pid ${pid}) ${deedOf(service)}${waiting}`,
    `configuration: ${config ?? "flags, environment and defaults"}`,
  ];
}

function deedOf({ command, phase, urls, model, download }: ServiceStatus): string {
  const what = model === null ? "" : ` ${printable(model)}`;
  const where = urls.length === 0 ? "" : ` on ${urls.join(", ")}`;
  const phases: Readonly<Record<ServiceStatus["phase"], string>> = {
    preparing: download === null ? `is preparing${what}` : `is fetching${what}: ${transferText(download)}`,
    starting: `is starting its workers${what === "" ? "" : ` with${what}`}${where}`,
    serving: `${command === "balance" ? "balances" : `serves${what}`}${where}`,
    asleep: `serves${what}${where}, asleep until the next request`,
    ending: "is ending",
  };
  return phases[phase];
}

function upstreamTable(upstreams: readonly UpstreamRow[], columns: number): string {
  const head = ["upstream", "state", "running", "requests", "failures", "last failure"];
  const rows = upstreams.map(({ origin, state, active, requests, failures, lastFailure }) => {
    return [printable(origin), state, active, requests, failures, printable(lastFailure ?? "-")];
  });
  return plainTable(head, rows, columns);
}

function workerTable(workers: readonly Row[], isAsleep: boolean, columns: number): string {
  const head = ["id", "state", "pid", "port", "CPUs", "slots", "requests", "restarts", "CPU", "memory", "up"];
  const rows = workers.map((worker) => [
    worker.id,
    stateText(worker, isAsleep),
    worker.pid ?? "-",
    worker.port ?? "-",
    worker.cpus.length === 0 ? (worker.elastic ? "none" : "any") : shortRanges(worker.cpus),
    // A command of the user's has as many as are asked of it.
    `${worker.slots.busy}/${worker.slots.total === 0 ? "-" : worker.slots.total}`,
    worker.requests,
    worker.restarts,
    `${worker.cpuPercent.toFixed(0)}%`,
    sizeText(worker.rssBytes),
    shortDuration(worker.uptimeMs),
  ]);
  return plainTable(head, rows, columns);
}

function stateText({ state, readShare }: Row, isAsleep: boolean): string {
  if (isAsleep && state === "exited") return "asleep";
  if (state !== "loading") return state;
  return readShare < 1 ? `loading ${Math.floor(readShare * 100)}%` : "warming up";
}

function shortDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${seconds % 60}s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h ${minutes % 60}m` : `${Math.floor(hours / 24)}d ${hours % 24}h`;
}
