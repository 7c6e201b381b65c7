import { IGNORED_HEADER, INTERJECT_HEADER, QUEUE_EVENTS_HEADER, REQUEST_ID_HEADER } from "@drover/contract/headers";
import { findRoute } from "@drover/contract/routes";
import type { ServerResponse } from "node:http";
import { hasTrueMember } from "@drover/foundation/json-member";
import type { Clock } from "@drover/foundation/clock";
import { errorEvent } from "../error-envelope.ts";
import type { Upstream } from "../pool/upstream.ts";
import { headerValue } from "../upstream-http/hop-by-hop.ts";
import type { ResponseHead } from "../upstream-http/response-head.ts";
import type { ClientRequest } from "./client-request.ts";

/** What a stream that waits is told in comments, so that no proxy in front takes it for dead: its position in the queue, and then by its worker how much of the prompt is read. */
export interface StreamPings {
  /** For `QueueRequest.onPosition`. */
  readonly onPosition: (position: number) => void;
  /** It has a lease now. Where the head is out already, a comment tells the worker that the head would have named. */
  onLease(upstream: Pick<Upstream, "id" | "owned">): void;
  /** The response's head, or an interim one with its fields. Where the head is out already, a comment says what was ignored of the request. */
  onHead(head: Pick<ResponseHead, "headers">): void;
  /** No more comments: the request has its lease, or was sent away. */
  stop(): void;
}

const REPEAT_MS = 1000;

/** Field for the worker: what stands beside the response's body is passed on. `pings`: also comments. */
export function interjections(pings: StreamPings | undefined, ownsApi: boolean): readonly string[] {
  return ownsApi ? [INTERJECT_HEADER, pings === undefined ? "asked" : "pings"] : [];
}

/**
 * For a stream of a route that generates, where pings are on; a client that sends `x-drover-queue-events: 1` has them anyway. Undefined for all others.
 * The head goes out with the first of them: errors that come later are events.
 */
export function streamPings(
  request: ClientRequest,
  body: Buffer | undefined,
  isOn: boolean,
  clock: Clock,
): StreamPings | undefined {
  const { responseHeaders } = request;
  const { incoming, response } = request.arrival;
  const isWanted = (isOn && isEventStream(request)) || incoming.headers[QUEUE_EVENTS_HEADER] === "1";
  if (body === undefined || !isWanted || !hasTrueMember(body, "stream")) return undefined;
  let position = 0;
  let isLeased = false;
  let isIgnoredSaid = false;
  let stopRepeat: (() => void) | undefined;
  const say = (): void => {
    const isBusy = response.socket?.writableNeedDrain === true;
    if (!isBusy && !response.destroyed && !response.writableEnded) response.write(`: queue ${position}\n\n`);
  };
  return {
    onPosition(now) {
      if (now === position) return;
      position = now;
      if (!response.headersSent) {
        const kind = ["Content-Type", "text/event-stream", "Cache-Control", "no-cache", "X-Accel-Buffering", "no"];
        response.writeHead(200, [...kind, REQUEST_ID_HEADER, request.id, ...responseHeaders]);
        stopRepeat = clock.every(REPEAT_MS, say);
        response.once("close", () => stopRepeat?.());
      }
      say();
    },
    onLease({ id, owned }) {
      stopRepeat?.();
      if (position > 0 && owned && !isLeased) response.write(`: worker ${id}\n\n`);
      isLeased = true;
    },
    onHead({ headers }) {
      const ignored = headerValue(headers, IGNORED_HEADER);
      if (position === 0 || isIgnoredSaid || ignored === undefined) return;
      isIgnoredSaid = true;
      response.write(`: ignored ${ignored}\n\n`);
    },
    stop: () => stopRepeat?.(),
  };
}

/** Ends a stream that has begun with comments with an error. @returns the bytes of it */
export function endWithError(response: ServerResponse, message: string): number {
  if (response.destroyed || response.writableEnded) return 0;
  const event = errorEvent(message, response.req);
  response.end(event);
  return Buffer.byteLength(event);
}

/** Ollama's streams are lines of JSON, and have no comments. */
function isEventStream({ method, target }: ClientRequest): boolean {
  const route = findRoute(method, target);
  return route?.generates === true && route.api !== "ollama";
}
