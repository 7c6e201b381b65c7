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

/** Whether `fd` leads to the journal: `JOURNAL_STREAM` has its device and inode (systemd.exec(5)). */
export function leadsToJournal(environment: Readonly<Record<string, string | undefined>>, fd: number): boolean {
  const stream = environment["JOURNAL_STREAM"];
  if (stream === undefined) return false;
  try {
    const { dev, ino } = fstatSync(fd, { bigint: true });
    return stream === `${dev}:${ino}`;
  } catch {
    return false;
  }
}
