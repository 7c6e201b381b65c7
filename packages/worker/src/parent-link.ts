import type { Clock } from "@drover/foundation/clock";
import type { SupervisorMessage, WorkerMessage } from "@drover/contract/ipc";

const HEARTBEAT_PERIOD_MS = 1000;

/** What a child process's `process` offers of its parent. */
interface ParentChannel {
  readonly connected?: boolean;
  readonly send?: (message: WorkerMessage, handle: undefined, options: undefined, done: () => void) => boolean;
  on(event: "message", listener: (message: SupervisorMessage) => void): unknown;
  on(event: "disconnect", listener: () => void): unknown;
}

/** What each heartbeat says. */
export type WorkerStatus = Required<Omit<Extract<WorkerMessage, { readonly type: "heartbeat" }>, "type">>;

/** Resolves once the message is in the channel; at once where there is no parent. */
export type TellParent = (message: WorkerMessage) => Promise<void>;

/** What is done about each message, and about the end of the supervisor. */
export type Orders = {
  readonly [Type in SupervisorMessage["type"]]: (message: Extract<SupervisorMessage, { readonly type: Type }>) => void;
} & { readonly gone: () => void };

/** Ties the worker to its supervisor: heartbeats out, orders in, and an end when the supervisor is gone. */
export function linkParent(parts: {
  readonly channel: ParentChannel;
  readonly clock: Pick<Clock, "every">;
  readonly status: () => WorkerStatus;
  readonly on: Orders;
}): TellParent {
  const { channel, status, on } = parts;
  if (channel.send === undefined) return () => Promise.resolve();
  const tell: TellParent = (message) =>
    new Promise((resolve) => channel.send?.(message, undefined, undefined, resolve));
  channel.on("message", (message) => {
    // A newer supervisor may say what this worker does not know.
    if (Object.hasOwn(on, message.type)) (on[message.type] as (message: SupervisorMessage) => void)(message);
  });
  channel.on("disconnect", on.gone);
  // A supervisor that died while this process was still reading its modules: the event has passed.
  if (channel.connected === false) on.gone();
  parts.clock.every(HEARTBEAT_PERIOD_MS, () => void tell({ type: "heartbeat", ...status() }));
  return tell;
}
