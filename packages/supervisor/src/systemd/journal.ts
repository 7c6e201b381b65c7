import type { Environment } from "@drover/config";
import { fstatSync } from "node:fs";

/** pino's levels and the priorities of syslog(3), highest first. */
const PRIORITIES = [
  [60, 2],
  [50, 3],
  [40, 4],
  [30, 6],
] as const;
const DEBUG = 7;

/** What journald reads at the start of a line as its priority: `<6>`; takes pino's number of a level. */
export function journalPrefix(level: number): string {
  const priority = PRIORITIES.find(([least]) => level >= least)?.[1] ?? DEBUG;
  return `<${priority}>`;
}

/** Shows a JSON log line as one line of the journal, which has time and priority apart. */
export function journalLine(line: string): string {
  const { level, time: _, worker, msg, ...rest } = JSON.parse(line) as Record<string, unknown>;
  const who = typeof worker === "string" ? `worker ${worker}: ` : "";
  const text = typeof msg === "string" ? msg.replaceAll("\n", " | ") : "";
  const details = Object.keys(rest).length === 0 ? "" : ` ${JSON.stringify(rest)}`;
  return `${journalPrefix(Number(level))}${who}${text}${details}\n`;
}

/** A JSON log line as it is, with its priority, which journald takes off. */
export function prioritized(line: string): string {
  return `${journalPrefix((JSON.parse(line) as { readonly level: number }).level)}${line}`;
}

/** Whether `fd` leads to the journal: `JOURNAL_STREAM` has its device and inode (systemd.exec(5)). */
export function leadsToJournal(environment: Environment, fd: number): boolean {
  const stream = environment["JOURNAL_STREAM"];
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}
