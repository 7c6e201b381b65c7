import type { WorkerLaunch } from "./launch.ts";

/**
 * The words before a worker's command that hold it: killed by the kernel when its parent dies, on its CPUs, its memory on its node. Each program
 * that `has` does not know is left out. All of them exec, so the process id is the worker's own.
 */
export function pinningArguments(
  { cpus, numaNode }: Pick<WorkerLaunch, "cpus" | "numaNode">,
  has: (program: string) => boolean,
): readonly string[] {
  return [
    ...(has("setpriv") ? ["setpriv", "--pdeathsig", "KILL", "--"] : []),
    ...(cpus !== undefined && cpus.length > 0 && has("taskset") ? ["taskset", "-c", cpus.join(",")] : []),
    ...(numaNode !== undefined && has("numactl") ? ["numactl", `--membind=${numaNode}`, "--"] : []),
  ];
}
