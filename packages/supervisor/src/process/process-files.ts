import { filesBelow } from "../placement/machine-files.ts";

/** What Linux tells of processes: `PID/FILE`. Undefined or empty where the process is gone or another user's, and on other systems. */
export const processFiles = filesBelow("/proc");

/** State, parent, group, session and more: the fields of `/proc/PID/stat` from the third on. Source: proc_pid_stat(5). */
export function statOf(pid: number): readonly (string | undefined)[] {
  const stat = processFiles.read(`${pid}/stat`);
  // The name before them, in parentheses, may hold anything.
  return stat === undefined ? [] : stat.slice(stat.lastIndexOf(")") + 2).split(" ");
}

/** Of {@link statOf}: when it started, in clock ticks since the boot. */
export const START_TIME = 19;

/** Dead, and nobody has asked for its exit code; where nobody reaps orphans, as in some containers, it stays so. */
export function isDead(state: string | undefined): boolean {
  return state === undefined || state === "Z" || state === "X";
}

/** When a process started, in clock ticks since the boot; undefined: it is gone or dead. */
export function readStartTime(pid: number): string | undefined {
  const fields = statOf(pid);
  return isDead(fields[0]) ? undefined : fields[START_TIME];
}
