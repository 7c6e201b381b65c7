import type { Clock } from "@drover/foundation/clock";
import { createGate } from "../gate.ts";
import type { UpstreamBridge } from "./upstream-bridge.ts";
import type { WorkerRunner } from "./worker-runner.ts";

/**
 * Drains a worker for at most `drainTimeoutMs`, then ends it; resolves when its process is gone. What still runs after
 * that time breaks off.
 */
export async function stopWorker(
  runner: WorkerRunner,
  bridge: UpstreamBridge,
  parts: { readonly clock: Clock; readonly drainTimeoutMs: number },
): Promise<void> {
  runner.finish();
  if (runner.state === "draining") await within(bridge.drained(), parts.drainTimeoutMs, parts.clock);
  runner.stop();
  await runner.until("exited");
}

/** Waits for `work`, but no longer than `limitMs`. Resolves with whether it came in time. */
async function within(work: Promise<unknown>, limitMs: number, clock: Clock): Promise<boolean> {
  const limit = createGate<boolean>();
  const cancel = clock.after(limitMs, () => limit.open(false));
  try {
    return await Promise.race([work.then(() => true), limit.opened]);
  } finally {
    cancel();
  }
}
