/** Stops this process, as a machine that sleeps or a core that is elsewhere does. What the kernel has got goes on. */
export function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}
