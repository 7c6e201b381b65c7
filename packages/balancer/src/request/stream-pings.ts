import { IGNORED_HEADER, INTERJECT_HEADER, QUEUE_EVENTS_HEADER, REQUEST_ID_HEADER } from "@drover/contract/headers";
import { pingTimes } from "@drover/contract/ping-times";
import { streamForm } from "@drover/contract/routes";
import type { ServerResponse } from "node:http";
import { booleanMember } from "@drover/foundation/json-member";
import { type Clock, repeat } from "@drover/foundation/clock";
import { errorEvent, type ProxyError } from "../error-envelope.ts";
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
  /** What the client is told where another worker resumes the stream. */
  onResume(upstream: Pick<Upstream, "id">): string;
  /** The response's head, or an interim one with its fields. Where the head is out already, a comment says what was ignored of the request. */
  onHead(head: Pick<ResponseHead, "headers">): void;
  /** No more comments: the request has its lease, or was sent away. */
  stop(): void;
}

/** Field for the worker: what stands beside the response's body is passed on. `pings`: also comments. */
export function interjections(pings: StreamPings | undefined, ownsApi: boolean): readonly string[] {
  return ownsApi ? [INTERJECT_HEADER, pings === undefined ? "asked" : "pings"] : [];
}

/**
 * For a route that generates, where pings are on; a client that sends `x-drover-queue-events: 1` has them anyway. Undefined for all others. Whether the
 * request asks for a stream is looked at when it waits. The head goes out with the first comment: errors that come later are events.
 */
export function streamPings(
  request: ClientRequest,
  body: Buffer | undefined,
  isOn: boolean,
  clock: Clock,
): StreamPings | undefined {
  const asksForThem = request.arrival.incoming.headers[QUEUE_EVENTS_HEADER] === "1";
  if (body === undefined || !(asksForThem || (isOn && request.route?.generates === true))) return undefined;
  return new QueuePings(request, body, clock);
}

const forms = {
  events: {
    contentType: "text/event-stream",
    isDefault: false,
    comment: (text: string) => `: ${text}\n\n`,
    ping: (text: string) => `: ${text}\n\n`,
  },
  // Ollama's: there are no comments in JSON, but any object may have a blank before it.
  lines: { contentType: "application/x-ndjson", isDefault: true, comment: () => "", ping: () => " " },
} as const;

class QueuePings implements StreamPings {
  readonly #request: ClientRequest;
  readonly #body: Buffer;
  readonly #clock: Clock;
  readonly #form: (typeof forms)[keyof typeof forms];
  #position = 0;
  #stopRepeat: (() => void) | undefined;
  /** The head is out with comments of the queue. */
  #hasBegun = false;
  #isLeased = false;
  #isIgnoredSaid = false;
  #asksForStream: Promise<boolean> | undefined;

  constructor(request: ClientRequest, body: Buffer, clock: Clock) {
    this.#request = request;
    this.#body = body;
    this.#clock = clock;
    this.#form = forms[streamForm(request.arrival.incoming)];
  }

  readonly onPosition = (position: number): void => {
    this.#position = position;
    this.#stopRepeat ??= repeat(this.#clock, pingTimes, () => void this.#say());
  };

  onLease({ id, owned }: Pick<Upstream, "id" | "owned">): void {
    this.stop();
    if (this.#hasBegun && owned && !this.#isLeased) this.#tell(this.#form.comment(`worker ${id}`));
    this.#isLeased = true;
  }

  onResume({ id }: Pick<Upstream, "id">): string {
    return this.#form.comment(`resumed ${id}`);
  }

  onHead({ headers }: Pick<ResponseHead, "headers">): void {
    const ignored = headerValue(headers, IGNORED_HEADER);
    if (!this.#hasBegun || this.#isIgnoredSaid || ignored === undefined) return;
    this.#isIgnoredSaid = true;
    this.#tell(this.#form.comment(`ignored ${ignored}`));
  }

  stop(): void {
    this.#stopRepeat?.();
    this.#stopRepeat = undefined;
  }

  async #say(): Promise<void> {
    const { response } = this.#request;
    const isStream = response.headersSent || (await this.#isStream());
    // It may have been given a lease in between.
    if (this.#stopRepeat === undefined) return;
    // One that asks for no stream is to be complete.
    if (!isStream || response.destroyed || response.writableEnded) return this.stop();
    if (!response.headersSent) this.#begin();
    if (response.socket?.writableNeedDrain !== true) this.#tell(this.#form.ping(`queue ${this.#position}`));
  }

  #isStream(): Promise<boolean> {
    return (this.#asksForStream ??= booleanMember(this.#body, "stream", this.#form.isDefault));
  }

  #tell(text: string): void {
    if (text !== "") this.#request.response.write(text);
  }

  #begin(): void {
    const { id, response, responseHeaders } = this.#request;
    const kind = ["Content-Type", this.#form.contentType, "Cache-Control", "no-cache", "X-Accel-Buffering", "no"];
    response.writeHead(200, [...kind, REQUEST_ID_HEADER, id, ...responseHeaders]);
    this.#hasBegun = true;
  }
}

/** Ends a stream that has begun with comments with an error. @returns the bytes of it */
export function endWithError(response: ServerResponse, error: ProxyError): number {
  if (response.destroyed || response.writableEnded) return 0;
  const event = errorEvent(error, response.req);
  response.end(event);
  return Buffer.byteLength(event);
}
