import { plural } from "@drover/foundation/texts";
import type { Cpu } from "./topology.ts";

/** Where one worker computes. */
export interface WorkerPlacement {
  /** Ascending; one for each thread, unless there are fewer CPUs than threads. */
  readonly cpus: readonly number[];
  readonly threads: number;
  /** The NUMA node that all of its CPUs are on; undefined where they are on several. */
  readonly node?: number | undefined;
  /** The node that its memory is bound to; undefined: not bound. */
  readonly boundNode?: number | undefined;
  /** Slots of the worker, where the setting leaves them open. */
  readonly slots?: number;
  /** Its CPUs follow the load: how many it will usually have, the most first. Absent: it keeps `cpus`. */
  readonly leases?: { readonly counts: readonly number[] } | undefined;
}

export interface Layout {
  readonly placements: readonly WorkerPlacement[];
  /** CPUs left to the balancer and the supervisor alone; empty on small machines, where they share. */
  readonly spared: readonly number[];
  /** Memory does not hold all workers that the CPUs would have. @default false */
  readonly isCut?: boolean;
  /** Sentences about what was decided, and why. */
  readonly reasons: readonly string[];
  /** Sentences about what does not fit; with `--strict` they are errors. */
  readonly warnings: readonly string[];
}

export interface LayoutDemand {
  readonly workers: number | "auto";
  readonly threads: number | "auto";
}

/** What `layOut` needs to know of the machine. */
export interface LayoutGround {
  /** That may be used, ascending. */
  readonly cpus: readonly Cpu[];
  readonly quotaCpus: number | undefined;
}

/**
 * Places workers on CPUs. In this order:
 *
 * 1. One thread for each physical core: a second thread of a core adds little to llama.cpp. Efficiency cores are left out, because a step
 *    is as slow as its slowest thread. With a quota, only as many cores as it pays for.
 * 2. From 8 CPUs up one core is left to the balancer, unless the second threads of cores are idle and do for it.
 * 3. `auto` workers: one for each 8 cores, but 2 where there are 2 cores, so that one may fail.
 * 4. No worker crosses an L3 group, and else no NUMA node, when it fits into one. `auto` threads: all cores that were taken, in equal shares.
 * 5. More threads than cores: second threads and efficiency cores are used too, then CPUs are used twice, with a warning.
 */
export function layOut(ground: LayoutGround, demand: LayoutDemand): Layout {
  const cores = takeCores(ground, demand);
  const { workers, threads } = demand;
  const count = workers === "auto" ? autoWorkers(cores.taken, threads) : workers;
  const shares = threads === "auto" ? evenShares(cores.taken, cores.extra, count) : fixedShares(cores, count, threads);
  const used = new Set(shares.flatMap((share) => share.cpus.map((cpu) => cpu.id)));
  const total = shares.reduce((sum, share) => sum + share.threads, 0);
  return {
    placements: shares.map(placementOf),
    spared: cores.spared.map((cpu) => cpu.id).filter((id) => !used.has(id)),
    reasons: cores.reasons,
    warnings: warningsOf(ground, { count, total, distinct: used.size }),
  };
}

interface Share {
  readonly cpus: readonly Cpu[];
  readonly threads: number;
}

interface Cores {
  /** One CPU of each core that workers get first. */
  readonly taken: readonly Cpu[];
  /** The CPUs to turn to when these do not do. */
  readonly extra: readonly Cpu[];
  readonly spared: readonly Cpu[];
  readonly reasons: readonly string[];
}

const CPUS_WITH_A_SPARE = 8;
const CORES_PER_WORKER = 8;

function takeCores({ cpus, quotaCpus }: LayoutGround, demand: LayoutDemand): Cores {
  const reasons: string[] = [];
  const fast = cpus.filter((cpu) => cpu.kind === "performance");
  const candidates = fast.length > 0 ? fast : cpus;
  if (candidates.length < cpus.length)
    reasons.push(
      `${plural(cpus.length - candidates.length, "efficiency CPU")} left out: a step is as slow as its slowest thread`,
    );
  const firsts = firstThreads(candidates);
  if (firsts.length < candidates.length)
    reasons.push(
      `one thread for each of ${plural(firsts.length, "physical core")}: a second thread of a core adds little`,
    );
  let taken = firsts;
  let spared = cpus.filter((cpu) => !firsts.includes(cpu));
  const asked =
    typeof demand.workers === "number" && typeof demand.threads === "number" ? demand.workers * demand.threads : 0;
  if (cpus.length >= CPUS_WITH_A_SPARE && spared.length === 0 && asked < firsts.length) {
    const [first] = firsts;
    if (first !== undefined) {
      taken = firsts.slice(1);
      spared = [first];
      reasons.push(`CPU ${first.id} is left to the balancer`);
    }
  } else if (cpus.length >= CPUS_WITH_A_SPARE && spared.length > 0) {
    reasons.push("the balancer runs on CPUs that no worker uses");
  }
  const paid = quotaCpus === undefined ? taken.length : Math.max(1, Math.floor(quotaCpus));
  if (paid < taken.length) {
    reasons.push(
      `the control group pays for ${quotaCpus} CPUs, so ${plural(paid, "core")} of ${taken.length} ${paid === 1 ? "is" : "are"} used: more threads would be stopped in the middle of a step`,
    );
    taken = compact(taken, paid);
  }
  return { taken, extra: cpus.filter((cpu) => !taken.includes(cpu)), spared, reasons };
}

function firstThreads(cpus: readonly Cpu[]): readonly Cpu[] {
  const seen = new Set<number>();
  return cpus.filter((cpu) => !seen.has(cpu.core) && seen.add(cpu.core));
}

/** The first `count` CPUs of the largest L3 group. */
function compact(cpus: readonly Cpu[], count: number): readonly Cpu[] {
  const groups = [...groupBy(cpus, cacheOf)].toSorted((a, b) => b.length - a.length);
  return groups
    .flat()
    .slice(0, count)
    .toSorted((a, b) => a.id - b.id);
}

function autoWorkers(cores: readonly Cpu[], threads: number | "auto"): number {
  if (threads === "auto") {
    const groups = groupBy(cores, cacheOf);
    const most = groups.reduce((sum, group) => sum + Math.ceil(group.length / CORES_PER_WORKER), 0);
    return Math.max(Math.min(2, cores.length), most);
  }
  const fitting = (key: (cpu: Cpu) => string): number =>
    groupBy(cores, key).reduce((sum, group) => sum + Math.floor(group.length / threads), 0);
  return Math.max(1, fitting(cacheOf) || fitting(nodeOf) || Math.floor(cores.length / threads));
}

/** All cores, in `count` shares that differ by little, cut first between nodes, then between L3 groups, then anywhere. */
function evenShares(cores: readonly Cpu[], extra: readonly Cpu[], count: number): readonly Share[] {
  const enough = count <= cores.length ? cores : [...cores, ...extra].slice(0, Math.max(count, cores.length));
  if (count <= enough.length) return cutCpus(enough, count).map((cpus) => ({ cpus, threads: cpus.length }));
  return Array.from({ length: count }, (_, index) => {
    const cpu = enough[index % enough.length];
    return { cpus: cpu === undefined ? [] : [cpu], threads: 1 };
  });
}

/** CPUs in `count` shares that differ by little, cut first between nodes, then between L3 groups, then anywhere. */
export function cutCpus(cpus: readonly Cpu[], count: number): readonly (readonly Cpu[])[] {
  return cut(cpus, count, [nodeOf, cacheOf]);
}

function cut(
  cpus: readonly Cpu[],
  count: number,
  keys: readonly ((cpu: Cpu) => string)[],
): readonly (readonly Cpu[])[] {
  if (count <= 1) return [cpus];
  const [key, ...finer] = keys;
  if (key === undefined) return evenSlices(cpus, count);
  const groups = groupBy(cpus, key);
  if (groups.length === 1) return cut(cpus, count, finer);
  if (count < groups.length) return evenSlices(groups, count).map((some) => some.flat());
  const counts = apportion(
    groups.map((group) => group.length),
    count,
  );
  return groups.flatMap((group, index) => cut(group, counts[index] ?? 1, finer));
}

function evenSlices<T>(items: readonly T[], count: number): readonly (readonly T[])[] {
  const start = (index: number) => Math.floor((index * items.length) / count);
  return Array.from({ length: count }, (_, index) => items.slice(start(index), start(index + 1)));
}

/** How many of `count` workers each group gets: one, and then by who has most CPUs for each. */
function apportion(sizes: readonly number[], count: number): readonly number[] {
  const counts = sizes.map(() => 1);
  for (let left = count - sizes.length; left > 0; left--) {
    const loads = sizes.map((size, index) => size / (counts[index] ?? 1));
    const most = loads.indexOf(Math.max(...loads));
    counts[most] = (counts[most] ?? 0) + 1;
  }
  return counts;
}

/** `count` times `threads`, each in the L3 group, else the node, with most free CPUs; when they run out, CPUs are used again. */
function fixedShares({ taken, extra }: Cores, count: number, threads: number): readonly Share[] {
  // with second threads a worker gets both of a core, rather than two workers one each
  const pool = count * threads <= taken.length ? taken : [...taken, ...extra].toSorted(byCore);
  let free = pool;
  return Array.from({ length: count }, (_, index) => {
    const group = roomiest(free, cacheOf, threads) ?? roomiest(free, nodeOf, threads) ?? free;
    const picked = group.slice(0, threads);
    free = free.filter((cpu) => !picked.includes(cpu));
    for (let k = 0; picked.length < Math.min(threads, pool.length); k++) {
      const again = pool[(index * threads + k) % pool.length];
      if (again !== undefined && !picked.includes(again)) picked.push(again);
    }
    return { cpus: picked, threads };
  });
}

/** Fast cores first, the threads of a core side by side. */
function byCore(a: Cpu, b: Cpu): number {
  const slow = Number(a.kind === "efficiency") - Number(b.kind === "efficiency");
  return slow || a.core - b.core || a.id - b.id;
}

function roomiest(cpus: readonly Cpu[], key: (cpu: Cpu) => string, threads: number): readonly Cpu[] | undefined {
  const groups = groupBy(cpus, key).filter((group) => group.length >= threads);
  const most = Math.max(...groups.map((group) => group.length));
  return groups.find((group) => group.length === most);
}

function placementOf({ cpus, threads }: Share): WorkerPlacement {
  const nodes = new Set(cpus.map((cpu) => cpu.node));
  const [node] = nodes;
  return {
    cpus: cpus.map((cpu) => cpu.id).toSorted((a, b) => a - b),
    threads,
    node: nodes.size === 1 ? node : undefined,
  };
}

function warningsOf(
  { cpus, quotaCpus }: LayoutGround,
  { count, total, distinct }: { readonly count: number; readonly total: number; readonly distinct: number },
): readonly string[] {
  const who = `${plural(count, "worker")} ${count === 1 ? "uses" : "use"} ${plural(total, "thread")} in all`;
  const advice = "Use fewer --workers or --threads.";
  if (total > distinct) {
    return [`${who}, but Drover may use only ${plural(cpus.length, "CPU")}: they will slow each other down. ${advice}`];
  }
  if (quotaCpus !== undefined && total > Math.max(1, quotaCpus)) {
    return [
      `${who}, but the control group pays for ${quotaCpus} CPUs: they will be stopped in the middle of steps. ${advice}`,
    ];
  }
  return [];
}

const nodeOf = (cpu: Cpu): string => String(cpu.node);
const cacheOf = (cpu: Cpu): string => `${cpu.node}/${cpu.cache ?? "all"}`;

function groupBy(cpus: readonly Cpu[], key: (cpu: Cpu) => string): readonly (readonly Cpu[])[] {
  const groups = new Map<string, Cpu[]>();
  for (const cpu of cpus) groups.set(key(cpu), [...(groups.get(key(cpu)) ?? []), cpu]);
  return [...groups.values()];
}
