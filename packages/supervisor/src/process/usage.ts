import pidusage from "pidusage";

/** What a process uses. */
export interface Usage {
  /** Of one CPU, since the last sample. */
  readonly cpuPercent: number;
  readonly rssBytes: number;
  /** Since its start. */
  readonly cpuSeconds: number;
}

/** Samples processes that may end at any time: those that did are absent from the result. */
export async function sampleUsage(pids: readonly number[]): Promise<ReadonlyMap<number, Usage>> {
  const samples = await Promise.all(
    pids.map(async (pid) => {
      try {
        const { cpu, memory, ctime } = await pidusage(pid);
        return [pid, { cpuPercent: Math.round(cpu * 10) / 10, rssBytes: memory, cpuSeconds: ctime / 1000 }] as const;
      } catch {
        return undefined;
      }
    }),
  );
  return new Map(samples.filter((sample) => sample !== undefined));
}
