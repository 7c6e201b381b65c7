/** `0-2,5` as [0, 1, 2, 5]; nothing sensible as []. Source: Linux cpuset(7), "list format". */
export function parseCpuList(list: string): readonly number[] {
  return list
    .split(",")
    .flatMap((part) => {
      const match = /^(\d+)(?:-(\d+))?$/.exec(part.trim());
      if (match === null) return [];
      const first = Number(match[1]);
      const last = Math.min(Number(match[2] ?? first), first + MOST_CPUS);
      return Array.from({ length: Math.max(0, last - first + 1) }, (_, offset) => first + offset);
    })
    .toSorted((a, b) => a - b);
}

/** Linux's own limit; a longer range is damage. */
const MOST_CPUS = 8192;
