import { systemClock } from "@drover/foundation/clock";
import { sum } from "@drover/foundation/sums";
import { cpus } from "node:os";
import { monitorEventLoopDelay } from "node:perf_hooks";

/** What this process itself cost while it measured. */
export interface OwnLoad {
  /** Of one CPU. */
  readonly cpuPercent: number;
  /** 99% of this process's timers were at most this late. */
  readonly lateP99Ms: number;
  /** The longest it was not running at all. */
  readonly lateMaxMs: number;
  /** All processes of this machine together, this one included; in percent of one CPU. */
  readonly machineCpuPercent: number;
  /** The figures are rather this process's limit than the target's. */
  readonly bottleneck: boolean;
}

/** Of a CPU; busier than this, a generator is the limit itself. */
export const BUSY_PERCENT = 85;
/** At the 99th percentile; timers that come later than this blur what they measure. */
export const LATE_MS = 50;
/** The delay histogram's own timer period, which it adds to every sample. */
const RESOLUTION_MS = 10;
const NANOS = 1e6;

/** Begins to watch this process; the returned function ends it and returns what was seen. */
export function watchOwnLoad(): () => OwnLoad {
  const before = process.cpuUsage();
  const machineBeforeMs = machineBusyMs();
  const startMs = systemClock.monotonicMs();
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  return () => {
    delay.disable();
    const used = process.cpuUsage(before);
    const tookMs = systemClock.monotonicMs() - startMs;
    const cpuPercent = ((used.user + used.system) / 1000 / tookMs) * 100;
    const machineCpuPercent = ((machineBusyMs() - machineBeforeMs) / tookMs) * 100;
    const lateP99Ms = Math.max(0, delay.percentile(99) / NANOS - RESOLUTION_MS);
    const lateMaxMs = Math.max(0, delay.max / NANOS - RESOLUTION_MS);
    const bottleneck = cpuPercent > BUSY_PERCENT || lateP99Ms > LATE_MS;
    return { cpuPercent, lateP99Ms, lateMaxMs, machineCpuPercent, bottleneck };
  };
}

/** CPU time of all processes of this machine so far. */
function machineBusyMs(): number {
  return sum(cpus().map(({ times }) => times.user + times.nice + times.sys + times.irq));
}
