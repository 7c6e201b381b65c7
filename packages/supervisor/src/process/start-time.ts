import { readFileSync } from "node:fs";

/** When a process started, in clock ticks since the boot; undefined: it is gone, or dead and nobody has asked for its exit code. */
export function readStartTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in parentheses may hold anything. Source of the fields: proc_pid_stat(5), from the third on.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    return fields[0] === "Z" || fields[0] === "X" ? undefined : fields[19];
  } catch {
    return undefined;
  }
}
