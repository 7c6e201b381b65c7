import pidusage from "pidusage";
import { type Clock, pause } from "@drover/foundation/clock";

/** A process whose CPU and memory are watched. */
export interface WatchedProcess {
  readonly name: string;
  readonly pid: number;
}

/** One look at one process. */
export interface ProcessSample {
  /** Since the step's first request, warm-up included. */
  readonly atMs: number;
  /** Of one CPU: a worker of four busy threads has 400. */
  readonly cpuPercent: number;
  readonly rssBytes: number;
}

export interface ProcessUse {
  readonly name: string;
  readonly pid: number;
  readonly meanCpuPercent: number;
  readonly maxRssBytes: number;
  readonly samples: readonly ProcessSample[];
}

const PERIOD_MS = 1000;

/**
 * Samples the processes each second until the signal. The list is asked for anew each time: a worker that was restarted
 * has another pid. A process that is gone is left out of that sample.
 * @param countFrom asked at the end: samples before it (the warm-up) are not in the mean
 */
export async function watchProcesses(
  list: () => Promise<readonly WatchedProcess[]>,
  clock: Clock,
  signal: AbortSignal,
  countFrom: () => number,
): Promise<readonly ProcessUse[]> {
  const seen = new Map<string, { process: WatchedProcess; samples: ProcessSample[] }>();
  const startMs = clock.monotonicMs();
  while (!signal.aborted) {
    for (const { process, cpuPercent, rssBytes } of await lookAt(await list().catch(() => []))) {
      const key = `${process.name} ${process.pid}`;
      const entry = seen.get(key) ?? { process, samples: [] };
      entry.samples.push({ atMs: clock.monotonicMs() - startMs, cpuPercent, rssBytes });
      seen.set(key, entry);
    }
    await pause(clock, PERIOD_MS, signal);
  }
  return [...seen.values()].map(({ process, samples }) => useOf(process, samples, countFrom()));
}

async function lookAt(processes: readonly WatchedProcess[]) {
  if (processes.length === 0) return [];
  const found = await pidusage(processes.map(({ pid }) => pid)).catch(() => ({}) as Record<string, never>);
  return processes.flatMap((process) => {
    // Null for one that is gone, whatever its types say.
    const look: pidusage.Status | null | undefined = found[String(process.pid)];
    return look === undefined || look === null ? [] : [{ process, cpuPercent: look.cpu, rssBytes: look.memory }];
  });
}

function useOf(process: WatchedProcess, samples: readonly ProcessSample[], countFromMs: number): ProcessUse {
  // The first sample is the mean since the process began, which says nothing about this load.
  const later = samples.length > 1 ? samples.slice(1) : samples;
  const inWindow = later.filter(({ atMs }) => atMs >= countFromMs);
  const counted = inWindow.length > 0 ? inWindow : later;
  return {
    name: process.name,
    pid: process.pid,
    meanCpuPercent: counted.reduce((sum, sample) => sum + sample.cpuPercent, 0) / Math.max(1, counted.length),
    maxRssBytes: Math.max(0, ...samples.map((sample) => sample.rssBytes)),
    samples: later,
  };
}
