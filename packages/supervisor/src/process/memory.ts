import { readFileSync } from "node:fs";

/** Anonymous memory plus swap of a process, in bytes; undefined where it is gone or this is not Linux. */
export function anonymousBytes(pid: number): number | undefined {
  try {
    const status = readFileSync(`/proc/${pid}/status`, "utf8");
    return kibibytes(status, "RssAnon") + kibibytes(status, "VmSwap");
  } catch {
    return undefined;
  }
}

/** Resident memory of a process; 0 where there is none. */
export function residentBytes(pid: number | undefined): number {
  return pid === undefined ? 0 : kibibytes(readFile(`/proc/${pid}/status`) ?? "", "VmRSS");
}

/** How often the kernel has killed a process of this cgroup (else of this machine) for want of memory. */
export function outOfMemoryKills(): number | undefined {
  const events = readCgroupFile("memory.events") ?? readFile("/proc/vmstat");
  const count = events === undefined ? undefined : /^oom_kill (\d+)$/m.exec(events)?.[1];
  return count === undefined ? undefined : Number(count);
}

/** A file of this process's cgroup v2; undefined where there is none. */
function readCgroupFile(name: string): string | undefined {
  const path = /^0::(.*)$/m.exec(readFile("/proc/self/cgroup") ?? "")?.[1];
  return path === undefined ? undefined : readFile(`/sys/fs/cgroup${path}/${name}`);
}

function readFile(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function kibibytes(text: string, name: string): number {
  return Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1] ?? 0) * 1024;
}
