import { filesBelow } from "../placement/machine-files.ts";

/** What Linux tells of processes: `PID/FILE`. Undefined or empty where the process is gone or another user's, and on other systems. */
export const processFiles = filesBelow("/proc");

/** A process. Source of its fields: proc_pid_stat(5). */
export interface ProcessStat {
  /** Nobody has asked for its exit code yet; where nobody reaps orphans, as in some containers, it stays so. */
  readonly isDead: boolean;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  readonly cpuSeconds: number;
  /** In clock ticks since the boot. */
  readonly startTime: string;
}

/** undefined: it is gone. */
export function statOf(pid: number): ProcessStat | undefined {
  const stat = processFiles.read(`${pid}/stat`);
  if (stat === undefined) return undefined;
  // The name before them, in parentheses, may hold anything.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state = "", parent, group, session] = fields;
  const { 11: userTicks, 12: systemTicks, 19: startTime = "" } = fields;
  return {
    isDead: state === "Z" || state === "X",
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    cpuSeconds: (Number(userTicks) + Number(systemTicks)) / 100,
    startTime,
  };
}

/** When a process started, in clock ticks since the boot; undefined: it is gone or dead. */
export function readStartTime(pid: number): string | undefined {
  const stat = statOf(pid);
  return stat === undefined || stat.isDead ? undefined : stat.startTime;
}
