import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";

/** A process with pipes for its output and its messages takes fewer. */
const SPAWN_NEEDS = 16;

/**
 * Throws where too few descriptors are free to start a process. To be asked right before each start: when the system
 * refuses a pipe half-way, execa leaves an `error` event that nobody can hear, and the supervisor would end with it.
 */
export function assertFreeDescriptors(): void {
  const held: number[] = [];
  try {
    while (held.length < SPAWN_NEEDS) held.push(openSync(devNull, "r"));
  } catch (cause) {
    throw new Error("no descriptor is free to start a process with; raise the limit (ulimit -n, LimitNOFILE=)", {
      cause,
    });
  } finally {
    for (const descriptor of held) closeSync(descriptor);
  }
}
