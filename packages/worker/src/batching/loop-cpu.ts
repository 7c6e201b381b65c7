import { systemClock } from "@drover/foundation/clock";
import { openSync, readSync } from "node:fs";

/**
 * Opens the clock of the CPU time that the calling thread has used, in milliseconds: unlike wall time it says how long this thread
 * itself was busy, whatever else keeps the machine busy. Where the system does not say (no Linux) it is wall time.
 * Source: `schedstat` in Linux's Documentation/scheduler/sched-stats.rst, whose first number is the time in nanoseconds.
 */
export function openLoopCpu(): () => number {
  let file: number;
  try {
    file = openSync("/proc/thread-self/schedstat", "r");
  } catch {
    return () => systemClock.monotonicMs();
  }
  const text = Buffer.alloc(64);
  return () => Number.parseInt(text.toString("latin1", 0, readSync(file, text, 0, text.length, 0)), 10) / 1e6;
}
