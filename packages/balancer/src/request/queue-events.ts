import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "@drover/foundation/clock";
import { errorEvent } from "../http/error-envelope.ts";
import type { Upstream } from "../pool/upstream.ts";

/** Tells a streaming client its place while it waits; the comments also keep intermediaries from giving up. */
export interface QueueEvents {
  /** For `QueueRequest.onPlace`. */
  readonly onPlace: (place: number) => void;
  /** It has a place now. Where the head is out already, a comment tells the worker that the head would have named. */
  onLease(upstream: Pick<Upstream, "id" | "owned">): void;
  /** No more comments: the request was placed, or sent away. */
  stop(): void;
}

const repeatMs = 10_000;

/** A client that sends `x-drover-queue-events: 1` with a streaming request; undefined for all others. */
export function queueEvents(
  { request, response, requestId }: { request: IncomingMessage; response: ServerResponse; requestId: string },
  body: Buffer | undefined,
  clock: Clock,
): QueueEvents | undefined {
  if (request.headers["x-drover-queue-events"] !== "1" || body === undefined || !wantsStream(body)) return undefined;
  let place = 0;
  let isPlaced = false;
  let stopRepeat: (() => void) | undefined;
  const say = (): void => {
    if (!response.destroyed && !response.writableEnded) response.write(`: queue ${place}\n\n`);
  };
  return {
    onPlace(now) {
      if (now === place) return;
      place = now;
      if (!response.headersSent) {
        const kind = ["Content-Type", "text/event-stream", "Cache-Control", "no-cache", "X-Accel-Buffering", "no"];
        response.writeHead(200, [...kind, "x-request-id", requestId]);
        stopRepeat = clock.every(repeatMs, say);
        response.once("close", () => stopRepeat?.());
      }
      say();
    },
    onLease({ id, owned }) {
      stopRepeat?.();
      if (place > 0 && owned && !isPlaced) response.write(`: worker ${id}\n\n`);
      isPlaced = true;
    },
    stop: () => stopRepeat?.(),
  };
}

/** Ends a stream that has begun with queue events with an error. @returns the bytes of it */
export function endWithError(response: ServerResponse, message: string): number {
  if (response.destroyed || response.writableEnded) return 0;
  const event = errorEvent(message, response.req.url);
  response.end(event);
  return Buffer.byteLength(event);
}

function wantsStream(body: Buffer): boolean {
  return body.length <= 1_048_576 && /"stream"\s*:\s*true/.test(body.toString("latin1"));
}
