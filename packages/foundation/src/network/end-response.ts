import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../clock.ts";
import { paceReading } from "../paced-reading.ts";

/** How long a client that has its response may say nothing, and go on sending (nginx's `lingering_timeout` and `lingering_time`), and how much that may be. */
const LINGERING = { silenceMs: 5000, wholeMs: 30_000, mostBytes: 64 * 1024 * 1024 } as const;

/** Node drops the rest of such a body itself. */
const SHORT_BYTES = 64 * 1024;

/**
 * Sends the body of a response whose head is written, and ends it. What the client still sends of its request is dropped meanwhile, within bounds of time and size: to close
 * at once would reset the connection, and the client might never see the response (nginx `lingering_close`).
 */
export function endResponse(
  response: ServerResponse,
  body: string | Uint8Array | undefined,
  clock: Pick<Clock, "after">,
): void {
  const { req: request, shouldKeepAlive } = response;
  if (!isStillSent(request, shouldKeepAlive)) {
    response.end(body);
    return;
  }
  const { socket } = request;
  if (shouldKeepAlive) {
    dropBody(request, clock, (isAll) => isAll || socket.destroy());
    response.end(body);
    return;
  }
  dropBody(request, clock, (isAll) => (isAll ? socket.destroySoon() : socket.destroy()));
  response.flushHeaders();
  if (body !== undefined) response.write(body);
  // The end of the response would close both directions.
  socket.end();
}

function isStillSent({ complete, headers }: IncomingMessage, isKept: boolean): boolean {
  if (complete) return false;
  if (headers["transfer-encoding"] !== undefined) return true;
  return Number(headers["content-length"] ?? 0) > (isKept ? SHORT_BYTES : 0);
}

/** Reads the rest of a request's body and drops it. `onOver` is told whether that was all, or it took too long or was too much, or the client has left. */
export function dropBody(
  request: IncomingMessage,
  clock: Pick<Clock, "after">,
  onOver: (isAll: boolean) => unknown,
): void {
  const stopWhole = clock.after(LINGERING.wholeMs, () => end(false));
  let stopSilence: (() => void) | undefined;
  let leftBytes = LINGERING.mostBytes;
  const waitForMore = (): void => {
    stopSilence?.();
    stopSilence = clock.after(LINGERING.silenceMs, () => end(false));
  };
  const onData = (part: Buffer): void => {
    leftBytes -= part.length;
    if (leftBytes < 0) return end(false);
    waitForMore();
    paceReading(request, part);
  };
  const onEnd = (): void => end(true);
  const onClose = (): void => end(false);
  const end = (isAll: boolean): void => {
    stopWhole();
    stopSilence?.();
    request.off("data", onData).off("end", onEnd).off("close", onClose);
    onOver(isAll);
  };
  request.on("data", onData).on("end", onEnd).on("close", onClose);
  waitForMore();
  request.resume();
  // Else Node drops the rest itself, without a bound, once the response has ended.
  request.read(0);
}
