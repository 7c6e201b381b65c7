import type { Time } from "@drover/foundation/clock";
import pidusage from "pidusage";
import { residentBytes } from "./memory.ts";
import { statOf } from "./process-files.ts";

/** What a process uses. */
export interface Usage {
  /** Of one CPU, since the last sample; 0 in the first. */
  readonly cpuPercent: number;
  readonly rssBytes: number;
  /** Since its start. */
  readonly cpuSeconds: number;
}

interface Sample extends Usage {
  readonly atMs: number;
}

/** Linux counts CPU time in hundredths of a second, too coarse for a share of less time than this. */
const LEAST_SPAN_MS = 500;

/** Samples processes that may end at any time: those that did are absent from the result. */
export class UsageSampler {
  readonly #clock: Pick<Time, "monotonicMs">;
  #samples: ReadonlyMap<number, Sample> = new Map();

  constructor(clock: Pick<Time, "monotonicMs">) {
    this.#clock = clock;
  }

  async sample(pids: readonly number[]): Promise<ReadonlyMap<number, Usage>> {
    const found = await Promise.all(pids.map(async (pid) => [pid, await this.#sampleOne(pid)] as const));
    this.#samples = new Map(found.flatMap(([pid, sample]) => (sample === undefined ? [] : [[pid, sample]])));
    return this.#samples;
  }

  async #sampleOne(pid: number): Promise<Sample | undefined> {
    const used = await lookAt(pid);
    if (used === undefined) return undefined;
    const atMs = this.#clock.monotonicMs();
    const last = this.#samples.get(pid);
    if (last === undefined) return { ...used, cpuPercent: 0, atMs };
    const spanMs = atMs - last.atMs;
    if (spanMs < LEAST_SPAN_MS) return last;
    const share = ((used.cpuSeconds - last.cpuSeconds) * 1000) / spanMs;
    return { ...used, cpuPercent: Math.round(Math.max(0, share) * 1000) / 10, atMs };
  }
}

/** undefined: it is gone. */
async function lookAt(pid: number): Promise<Omit<Usage, "cpuPercent"> | undefined> {
  if (process.platform === "linux") return lookOnLinux(pid);
  try {
    const { memory, ctime } = await pidusage(pid);
    return { rssBytes: memory, cpuSeconds: ctime / 1000 };
  } catch {
    return undefined;
  }
}

/** On Linux pidusage keeps the files that it reads open, some of them for ever: see docs/architecture.md. */
function lookOnLinux(pid: number): Omit<Usage, "cpuPercent"> | undefined {
  const stat = statOf(pid);
  return stat === undefined || stat.isDead ? undefined : { rssBytes: residentBytes(pid), cpuSeconds: stat.cpuSeconds };
}
