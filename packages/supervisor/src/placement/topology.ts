import { availableParallelism, freemem, totalmem } from "node:os";
import { readControlGroup } from "./control-group.ts";
import { parseCpuList } from "./cpu-list.ts";
import { filesBelow, kibibytes, type MachineFiles } from "./machine-files.ts";

/** A CPU as Linux counts them: a hardware thread. */
export interface Cpu {
  readonly id: number;
  /** The physical core: the lowest of its threads. */
  readonly core: number;
  /** The CPUs that share its L3 cache: the lowest of them; undefined where the machine does not tell. */
  readonly cache: number | undefined;
  /** NUMA node. */
  readonly node: number;
  /** `efficiency`: a slow core of a machine that has fast ones. */
  readonly kind: "performance" | "efficiency";
}

export interface NumaNode {
  readonly id: number;
  /** Not in use, or in use as page cache. */
  readonly freeBytes: number;
}

/** What Drover may compute with. */
export interface Topology {
  /** CPUs that may be used, ascending: this process's affinity, which a cpuset has already cut. */
  readonly cpus: readonly Cpu[];
  /** CPUs of the entire machine. */
  readonly machineCpus: number;
  /** Nodes of the entire machine, ascending. */
  readonly nodes: readonly NumaNode[];
  /** CPUs' worth of time that the control group may use; undefined: no quota. */
  readonly quotaCpus: number | undefined;
  readonly memory: MemoryAtHand;
  /** Node's name of the processor, such as `x64` or `arm64`. */
  readonly processor: string;
}

export interface MemoryAtHand {
  readonly totalBytes: number;
  /** What can be had without swapping, within the control group's limit. */
  readonly freeBytes: number;
  /** The control group's limit; undefined: none below the machine's. */
  readonly limitBytes: number | undefined;
}

/**
 * Reads the machine from `/proc` and `/sys` below `root`. Whatever is missing there (other systems, restricted containers) is taken for the simplest
 * case: every CPU a core of its own, one node, no limits.
 */
export function readTopology(root = "/"): Topology {
  const files = filesBelow(root);
  const allowed = allowedCpus(files);
  const ids =
    allowed === undefined ? Array.from({ length: availableParallelism() }, (_, id) => id) : parseCpuList(allowed);
  const online = parseCpuList(files.read(`${CPUS}/online`) ?? "");
  const group = readControlGroup(files);
  const nodes = readNodes(files);
  const slow = slowCpus(files, ids);
  return {
    cpus: ids.map((id) => readCpu(files, id, nodes, slow)),
    machineCpus: Math.max(online.length, ids.length),
    nodes: nodes.map(({ id, freeBytes }) => ({ id, freeBytes })),
    quotaCpus: group.quotaCpus,
    memory: memoryAtHand(files, group),
    processor: PROCESSORS.get(files.read("proc/sys/kernel/arch") ?? "") ?? process.arch,
  };
}

/** What is quickly read of it and changes when CPUs are taken away or come back: the CPUs that are allowed, and the quota. */
export function readAllowance(): string {
  const files = filesBelow("/");
  return JSON.stringify([allowedCpus(files), readControlGroup(files).quotaCpus]);
}

function allowedCpus(files: MachineFiles): string | undefined {
  return /^Cpus_allowed_list:\s*(\S+)$/m.exec(files.read("proc/self/status") ?? "")?.[1];
}

/** Linux's names of processors, as Node names them. */
const PROCESSORS = new Map([
  ["x86_64", "x64"],
  ["aarch64", "arm64"],
]);

const CPUS = "sys/devices/system/cpu";
const NODES = "sys/devices/system/node";

interface NodeCpus extends NumaNode {
  readonly cpus: ReadonlySet<number>;
}

function readNodes(files: MachineFiles): readonly NodeCpus[] {
  const ids = files.list(NODES).flatMap((name) => {
    const match = /^node(\d+)$/.exec(name);
    return match === null ? [] : [Number(match[1])];
  });
  return ids
    .toSorted((a, b) => a - b)
    .map((id) => {
      const memory = files.read(`${NODES}/node${id}/meminfo`) ?? "";
      return {
        id,
        cpus: new Set(parseCpuList(files.read(`${NODES}/node${id}/cpulist`) ?? "")),
        // FilePages are page cache and files in memory; those of the second kind stay.
        freeBytes: kibibytes(memory, "MemFree") + kibibytes(memory, "FilePages") - kibibytes(memory, "Shmem"),
      };
    });
}

function readCpu(files: MachineFiles, id: number, nodes: readonly NodeCpus[], slow: ReadonlySet<number>): Cpu {
  const topology = `${CPUS}/cpu${id}/topology`;
  const siblings = files.read(`${topology}/thread_siblings_list`) ?? files.read(`${topology}/core_cpus_list`) ?? "";
  return {
    id,
    core: parseCpuList(siblings)[0] ?? id,
    cache: readCache(files, id),
    node: nodes.find((node) => node.cpus.has(id))?.id ?? 0,
    kind: slow.has(id) ? "efficiency" : "performance",
  };
}

function readCache(files: MachineFiles, id: number): number | undefined {
  const folder = `${CPUS}/cpu${id}/cache`;
  const third = files.list(folder).find((index) => files.read(`${folder}/${index}/level`) === "3");
  return third === undefined ? undefined : parseCpuList(files.read(`${folder}/${third}/shared_cpu_list`) ?? "")[0];
}

/** Under this part of the fastest core's capacity or clock, a core is an efficiency core; turbo bins of equal cores are closer. */
const SLOW_SHARE = 0.8;

/**
 * Efficiency cores, from the first source that the machine has: Intel's list of Atom cores, the kernel's capacities (Arm), the highest clocks.
 */
function slowCpus(files: MachineFiles, ids: readonly number[]): ReadonlySet<number> {
  const atom = files.read("sys/devices/cpu_atom/cpus");
  if (atom !== undefined) return new Set(parseCpuList(atom));
  for (const file of ["cpu_capacity", "cpufreq/cpuinfo_max_freq"]) {
    const speeds = ids.map((id) => Number(files.read(`${CPUS}/cpu${id}/${file}`)));
    if (speeds.some((speed) => !(speed > 0))) continue;
    const fastest = Math.max(...speeds);
    return new Set(ids.filter((_, index) => (speeds[index] ?? 0) < fastest * SLOW_SHARE));
  }
  return new Set();
}

function memoryAtHand(files: MachineFiles, group: ReturnType<typeof readControlGroup>): MemoryAtHand {
  const meminfo = files.read("proc/meminfo") ?? "";
  const totalBytes = kibibytes(meminfo, "MemTotal") || totalmem();
  const availableBytes = kibibytes(meminfo, "MemAvailable") || freemem();
  const limited = group.limitBytes !== undefined && group.limitBytes < totalBytes;
  if (!limited) return { totalBytes, freeBytes: availableBytes, limitBytes: undefined };
  return {
    totalBytes,
    freeBytes: Math.min(availableBytes, group.leftBytes ?? availableBytes),
    limitBytes: group.limitBytes,
  };
}
