import type { MachineFiles } from "./machine-files.ts";

/** What the control groups around this process leave it. */
export interface ControlGroup {
  readonly quotaCpus: number | undefined;
  readonly limitBytes: number | undefined;
  /** Of the tightest limit, not in use; page cache counts as free, because it is given back. */
  readonly leftBytes: number | undefined;
}

/**
 * Reads the CPU quota and memory limit, v2 or v1, of this process's group and every group above it; the tightest counts. In a container the
 * paths of `/proc/self/cgroup` may lie outside of what is mounted: then the mount's root is the group.
 */
export function readControlGroup(files: MachineFiles): ControlGroup {
  const membership = files.read("proc/self/cgroup") ?? "";
  const unified = /^0::(\/.*)$/m.exec(membership)?.[1];
  if (unified !== undefined && files.read("sys/fs/cgroup/cgroup.controllers") !== undefined) {
    return tightest(groupsAbove("sys/fs/cgroup", unified).map((folder) => readV2(files, folder)));
  }
  const cpu = pathOfController(membership, "cpu");
  const memory = pathOfController(membership, "memory");
  return tightest([
    ...groupsAbove("sys/fs/cgroup/cpu", cpu).map((folder) => readV1Cpu(files, folder)),
    ...groupsAbove("sys/fs/cgroup/memory", memory).map((folder) => readV1Memory(files, folder)),
  ]);
}

/** The group's folder and every one above it, up to the mount. */
function groupsAbove(mount: string, path: string): readonly string[] {
  const names = path.split("/").filter((name) => name !== "" && name !== "..");
  return Array.from({ length: names.length + 1 }, (_, depth) => [mount, ...names.slice(0, depth)].join("/"));
}

function pathOfController(membership: string, controller: string): string {
  const line = membership.split("\n").find((line) => line.split(":")[1]?.split(",").includes(controller) === true);
  return line?.split(":").slice(2).join(":") ?? "/";
}

function readV2(files: MachineFiles, folder: string): ControlGroup {
  const [quota, period] = (files.read(`${folder}/cpu.max`) ?? "max").split(" ");
  // above memory.high the kernel slows a group down until it is no service any more
  const limitBytes = least([
    positive(files.read(`${folder}/memory.max`)),
    positive(files.read(`${folder}/memory.high`)),
  ]);
  const used = Number(files.read(`${folder}/memory.current`) ?? 0);
  const cached = givenBack(files.read(`${folder}/memory.stat`), "file", "shmem");
  return { quotaCpus: share(quota, period), ...memoryOf(limitBytes, used, cached) };
}

function readV1Cpu(files: MachineFiles, folder: string): ControlGroup {
  const quotaCpus = share(files.read(`${folder}/cpu.cfs_quota_us`), files.read(`${folder}/cpu.cfs_period_us`));
  return { quotaCpus, limitBytes: undefined, leftBytes: undefined };
}

function readV1Memory(files: MachineFiles, folder: string): ControlGroup {
  const limitBytes = positive(files.read(`${folder}/memory.limit_in_bytes`));
  const used = Number(files.read(`${folder}/memory.usage_in_bytes`) ?? 0);
  const cached = givenBack(files.read(`${folder}/memory.stat`), "total_cache", "total_shmem");
  return { quotaCpus: undefined, ...memoryOf(limitBytes, used, cached) };
}

function memoryOf(limitBytes: number | undefined, used: number, cached: number): Omit<ControlGroup, "quotaCpus"> {
  const leftBytes = limitBytes === undefined ? undefined : Math.max(0, limitBytes - used + Math.min(cached, used));
  return { limitBytes, leftBytes };
}

function tightest(groups: readonly ControlGroup[]): ControlGroup {
  return {
    quotaCpus: least(groups.map((group) => group.quotaCpus)),
    limitBytes: least(groups.map((group) => group.limitBytes)),
    leftBytes: least(groups.map((group) => group.leftBytes)),
  };
}

function least(values: readonly (number | undefined)[]): number | undefined {
  const known = values.filter((value) => value !== undefined);
  return known.length === 0 ? undefined : Math.min(...known);
}

function share(quota: string | undefined, period: string | undefined): number | undefined {
  const [limit, of] = [Number(quota), Number(period)];
  return limit > 0 && of > 0 ? limit / of : undefined;
}

/** v1 writes "no limit" as a number near 2^63. */
function positive(text: string | undefined): number | undefined {
  const value = Number(text);
  return value > 0 && value < 2 ** 60 ? value : undefined;
}

/** Files in memory (/dev/shm) count as cache there, but nothing on disk stands behind them. */
function givenBack(text: string | undefined, cache: string, shared: string): number {
  return Math.max(0, statistic(text, cache) - statistic(text, shared));
}

function statistic(text: string | undefined, name: string): number {
  return Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text ?? "")?.[1] ?? 0);
}
