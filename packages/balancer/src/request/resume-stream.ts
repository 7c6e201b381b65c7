/**
 * What happens to a stream whose worker dies. `upstream-http/exchange` keeps the client's side of it and how many bytes of the body went there
 * (`UnfinishedResponse`), and the request asks for another lease, as after every failure (`forward-request`). The next worker is told both
 * (`upstream-http/resume-offset`), continues from the journal of the dead one, and its bytes follow those that the client has. Where none can, the stream ends
 * with an error event.
 */
import type { Lease } from "../pool/lease.ts";
import type { UnfinishedResponse } from "../upstream-http/exchange-task.ts";
import type { ForwardOutcome, ForwardTask } from "./forward-task.ts";

/** A worker is about to resume it: whoever listens is told, and the client where it wants to know. */
export function announceResume({ relay }: UnfinishedResponse, task: ForwardTask, lease: Lease, reason = ""): void {
  relay.interject(task.onResume?.(lease, reason) ?? "");
}

/** Nobody resumes it. */
export function endUnresumed(
  { relay }: UnfinishedResponse,
  task: ForwardTask,
  reason = "no upstream is left",
): ForwardOutcome {
  relay.breakOff(task.errorEvent?.(reason));
  return { kind: "broken", status: 200, reason };
}
