import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";

/** The CPUs that this process may use, ascending: its affinity mask, not all that the machine has. */
export function allowedCpus(): readonly number[] {
  try {
    const status = readFileSync("/proc/self/status", "utf8");
    const list = /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1];
    if (list !== undefined) return parseCpuList(list);
  } catch {
    // No /proc: not Linux.
  }
  return Array.from({ length: availableParallelism() }, (_, cpu) => cpu);
}

/** `0-2,5` as [0, 1, 2, 5]. */
function parseCpuList(list: string): readonly number[] {
  return list.split(",").flatMap((part) => {
    const [first = 0, last = first] = part.split("-").map(Number);
    return Array.from({ length: last - first + 1 }, (_, offset) => first + offset);
  });
}
