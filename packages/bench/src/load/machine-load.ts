import { cpus } from "node:os";
import { performance } from "node:perf_hooks";

/** Begins to watch all CPUs; the returned function says how busy they were since, in percent of one CPU. */
export function watchMachine(): () => number {
  const before = busyMs();
  const startMs = performance.now();
  return () => ((busyMs() - before) / (performance.now() - startMs)) * 100;
}

function busyMs(): number {
  return cpus().reduce((sum, { times }) => sum + times.user + times.nice + times.sys + times.irq, 0);
}
