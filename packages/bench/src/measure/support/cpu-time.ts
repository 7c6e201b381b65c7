import { readdirSync, readFileSync } from "node:fs";

/** CPU time of a process's threads so far, in milliseconds and to the nanosecond. Threads that have ended are left out, so it is for a process whose threads stay. */
export function threadsCpuMs(pid: number): number {
  return readdirSync(`/proc/${pid}/task`)
    .map((thread) => Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]))
    .reduce((sum, nanoseconds) => sum + nanoseconds / 1e6, 0);
}
