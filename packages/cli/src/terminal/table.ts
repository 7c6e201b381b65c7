import Table from "cli-table3";
import type { FleetStatus } from "@drover/supervisor/admin";
import { shortRanges, sizeText, wrap } from "@drover/foundation/texts";

/** No lines. */
const PLAIN = Object.fromEntries(
  ["top", "bottom", "left", "mid", "right"]
    .flatMap((side) => [side, `${side}-left`, `${side}-mid`, `${side}-right`])
    .map((part) => [part, ""]),
);

/** The workers, and what they share, as people read them; in a narrow terminal closer together. */
export function statusTable({ workers, snapshots }: FleetStatus, columns = Number.POSITIVE_INFINITY): string {
  const wide = workerTable(workers, "  ");
  const table = wide.split("\n").some((line) => line.length > columns) ? workerTable(workers, " ") : wide;
  if (snapshots === null) return table;
  const { files, bytes, limitBytes, directory } = snapshots;
  const line = `snapshots: ${files}, ${sizeText(bytes)} of ${sizeText(limitBytes)} in ${directory}`;
  return [table, ...wrap(line, columns)].join("\n");
}

function workerTable(workers: FleetStatus["workers"], between: string): string {
  const table = new Table({
    head: ["id", "state", "pid", "port", "CPUs", "slots", "requests", "restarts", "CPU", "memory", "up"],
    chars: { ...PLAIN, middle: between },
    style: { head: [], border: [], "padding-left": 0, "padding-right": 0 },
  });
  for (const worker of workers) {
    table.push([
      worker.id,
      worker.state,
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
  }
  return table.toString();
}

function shortDuration(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m ${seconds % 60}s`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours}h ${minutes % 60}m` : `${Math.floor(hours / 24)}d ${hours % 24}h`;
}
