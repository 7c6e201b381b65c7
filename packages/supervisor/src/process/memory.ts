import { filesBelow, kibibytes } from "../placement/machine-files.ts";
import { processFiles } from "./process-files.ts";

/** Anonymous memory plus swap of a process, in bytes; undefined where it is gone or this is not Linux. */
export function anonymousBytes(pid: number): number | undefined {
  const status = processFiles.read(`${pid}/status`);
  return status === undefined ? undefined : kibibytes(status, "RssAnon") + kibibytes(status, "VmSwap");
}

/** Resident memory of a process; 0 where there is none. */
export function residentBytes(pid: number | undefined): number {
  return pid === undefined ? 0 : kibibytes(processFiles.read(`${pid}/status`) ?? "", "VmRSS");
}

/** How often the kernel has killed a process of this cgroup (else of this machine) for want of memory. */
export function outOfMemoryKills(): number | undefined {
  const events = readCgroupFile("memory.events") ?? processFiles.read("vmstat");
  const count = events === undefined ? undefined : /^oom_kill (\d+)$/m.exec(events)?.[1];
  return count === undefined ? undefined : Number(count);
}

/** A file of this process's cgroup v2; undefined where there is none. */
function readCgroupFile(name: string): string | undefined {
  const path = /^0::(.*)$/m.exec(processFiles.read("self/cgroup") ?? "")?.[1];
  return path === undefined ? undefined : filesBelow("/sys/fs/cgroup").read(`${path}/${name}`);
}
