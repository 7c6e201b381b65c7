import { spawnSync } from "node:child_process";

/** Whether `numactl` is here and may bind a process to the node: seccomp filters and cpusets of containers often forbid it. */
export function canBindMemory(node: number): boolean {
  const { status } = spawnSync("numactl", [`--membind=${node}`, "--", "true"], { stdio: "ignore", timeout: 2000 });
  return status === 0;
}
