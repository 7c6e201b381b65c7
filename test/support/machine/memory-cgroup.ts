import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** A memory control group of a test's own, v1 or v2. */
export interface MemoryCgroup {
  /** Moves a process in; what it holds already is not counted under v1. */
  readonly take: (pid: number) => void;
  /** To be called when none of its processes is left. */
  readonly remove: () => void;
}

/** undefined where none can be made: not root, or the control groups are read-only or delegated without memory. */
export function makeMemoryCgroup(limitBytes: number): MemoryCgroup | undefined {
  const name = `drover-test-${process.pid}`;
  return (
    make(`/sys/fs/cgroup/memory/${name}`, "memory.limit_in_bytes", limitBytes) ??
    make(join("/sys/fs/cgroup", ownGroup(), name), "memory.max", limitBytes)
  );
}

function make(folder: string, limitFile: string, limitBytes: number): MemoryCgroup | undefined {
  try {
    mkdirSync(folder);
  } catch {
    return undefined;
  }
  const group = {
    take: (pid: number) => writeFileSync(join(folder, "cgroup.procs"), String(pid)),
    remove: () => rmdirSync(folder),
  };
  try {
    // The flag keeps node from making a file where the kernel has none.
    writeFileSync(join(folder, limitFile), String(limitBytes), { flag: "r+" });
    // Swapping would put the end off.
    if (limitFile === "memory.max") writeFileSync(join(folder, "memory.swap.max"), "0", { flag: "r+" });
    return group;
  } catch {
    group.remove();
    return undefined;
  }
}

/** Of this process under v2; its `oom_kill` count includes groups below it. */
function ownGroup(): string {
  return /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1] ?? "/";
}
