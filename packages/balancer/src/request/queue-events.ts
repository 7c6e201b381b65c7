import { QUEUE_EVENTS_HEADER, REQUEST_ID_HEADER } from "@drover/contract/headers";
import type { ServerResponse } from "node:http";
import type { Clock } from "@drover/foundation/clock";
import { errorEvent } from "../error-envelope.ts";
import type { Upstream } from "../pool/upstream.ts";
import type { ClientRequest } from "./client-request.ts";

/** Tells a streaming client its position in the queue while it waits; the comments also keep intermediaries from giving up. */
export interface QueueEvents {
  /** For `QueueRequest.onPosition`. */
  readonly onPosition: (position: number) => void;
  /** It has a lease now. Where the head is out already, a comment tells the worker that the head would have named. */
  onLease(upstream: Pick<Upstream, "id" | "owned">): void;
  /** No more comments: the request has its lease, or was sent away. */
  stop(): void;
}

const repeatMs = 10_000;

/** A client that sends `x-drover-queue-events: 1` with a streaming request; undefined for all others. */
export function queueEvents(
  { arrival, id }: ClientRequest,
  body: Buffer | undefined,
  clock: Clock,
): QueueEvents | undefined {
  const { incoming, response, responseHeaders } = arrival;
  if (incoming.headers[QUEUE_EVENTS_HEADER] !== "1" || body === undefined || !wantsStream(body)) return undefined;
  let position = 0;
  let isLeased = false;
  let stopRepeat: (() => void) | undefined;
  const say = (): void => {
    if (!response.destroyed && !response.writableEnded) response.write(`: queue ${position}\n\n`);
  };
  return {
    onPosition(now) {
      if (now === position) return;
      position = now;
      if (!response.headersSent) {
        const kind = ["Content-Type", "text/event-stream", "Cache-Control", "no-cache", "X-Accel-Buffering", "no"];
        response.writeHead(200, [...kind, REQUEST_ID_HEADER, id, ...responseHeaders]);
        stopRepeat = clock.every(repeatMs, say);
        response.once("close", () => stopRepeat?.());
      }
      say();
    },
    onLease({ id, owned }) {
      stopRepeat?.();
      if (position > 0 && owned && !isLeased) response.write(`: worker ${id}\n\n`);
      isLeased = true;
    },
    stop: () => stopRepeat?.(),
  };
}

/** Ends a stream that has begun with queue events with an error. @returns the bytes of it */
export function endWithError(response: ServerResponse, message: string): number {
  if (response.destroyed || response.writableEnded) return 0;
  const event = errorEvent(message, response.req);
  response.end(event);
  return Buffer.byteLength(event);
}

function wantsStream(body: Buffer): boolean {
  return body.length <= 1_048_576 && /"stream"\s*:\s*true/.test(body.toString("latin1"));
}
