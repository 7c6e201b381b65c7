import type { FastifyReply } from "fastify";
import { INTERJECT_HEADER, RESUME_HEADER } from "@drover/contract/headers";
import { errorEvent } from "@drover/contract/api-errors";
import { apiOf } from "@drover/contract/routes";
import { apiErrorOf } from "./error-envelope.ts";
import type { Serving } from "../serving.ts";

const HEADERS = {
  "cache-control": "no-cache",
  // Tells nginx and its like not to gather the stream into blocks.
  "x-accel-buffering": "no",
} as const;

const CONTENT_TYPES = {
  events: "text/event-stream; charset=utf-8",
  lines: "application/x-ndjson",
} as const;

/** A response of server-sent events, or of lines of JSON. Each call is one write. */
export class SseStream {
  readonly #reply: FastifyReply;
  readonly #form: keyof typeof CONTENT_TYPES;
  /** What the balancer passes on beside the body; undefined: there is none. */
  readonly #interjects: string | undefined;
  #isOpen = false;
  #hasHead = false;
  /** Of what the client has already. */
  #skipBytes: number;

  constructor(
    { sentBytes = 0 }: Pick<Serving, "sentBytes">,
    reply: FastifyReply,
    form: keyof typeof CONTENT_TYPES = "events",
  ) {
    this.#form = form;
    this.#reply = reply;
    this.#interjects = reply.request.headers[INTERJECT_HEADER]?.toString();
    this.#skipBytes = sentBytes;
  }

  /** From now on this is a stream, and errors are events in it. Where the client has the beginning of it, the head comes with the first bytes that it lacks. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#reply.hijack();
    if (this.#skipBytes === 0) this.#sendHead();
  }

  /** The client may still be told things beside the body. */
  get isWaiting(): boolean {
    return !this.#hasHead;
  }

  /** Only through a balancer that welcomes them. */
  get takesComments(): boolean {
    return this.#interjects === "pings";
  }

  /** A comment for a client that waits; in JSON, which has none, a blank before the next line. */
  comment(text: string): void {
    if (this.takesComments) this.#interim(this.#form === "events" ? `: ${text}\n\n` : " ");
  }

  /** Events beside the body, which no other worker could make again; only before the body begins, and never in a stream that is resumed. */
  interject(events: string): void {
    if (this.#interjects !== undefined) {
      if (this.#skipBytes === 0) this.#interim(events);
      return;
    }
    this.open();
    if (!this.#reply.raw.destroyed) this.#reply.raw.write(events);
  }

  /** Says it to the balancer in a head of its own, with the fields that the response will have. */
  #interim(events: string): void {
    const { raw } = this.#reply;
    if (this.#hasHead || raw.destroyed) return;
    const { [RESUME_HEADER]: _, ...given } = raw.getHeaders();
    const interjected = { [INTERJECT_HEADER]: encodeURIComponent(events) };
    const fields = { ...given, "content-type": CONTENT_TYPES[this.#form], ...HEADERS, ...interjected };
    const lines = Object.entries(fields).map(([name, value]) => `${name}: ${String(value)}\r\n`);
    raw.socket?.write(`HTTP/1.1 102 Processing\r\n${lines.join("")}\r\n`, "latin1");
  }

  #sendHead(): void {
    if (this.#hasHead || this.#reply.raw.destroyed) return;
    this.#hasHead = true;
    this.#reply.raw.writeHead(200, { "content-type": CONTENT_TYPES[this.#form], ...HEADERS });
  }

  /** `events` are complete events, with their empty lines. */
  write(events: string): void {
    const unsent = this.#unsent(events);
    if (unsent === "" || this.#reply.raw.destroyed) return;
    this.#sendHead();
    this.#reply.raw.write(unsent);
  }

  end(events: string): void {
    const unsent = this.#unsent(events);
    if (this.#skipBytes > 0) this.#reply.raw.destroy();
    if (this.#reply.raw.destroyed) return;
    this.#sendHead();
    this.#reply.raw.end(unsent);
  }

  /** Clients get complete writes only. A stream that does not come to where they are is not the one that they began with. */
  #unsent(events: string): string {
    if (this.#skipBytes === 0) return events;
    this.#skipBytes -= Buffer.byteLength(events);
    if (this.#skipBytes < 0) this.#reply.raw.destroy();
    return "";
  }

  /**
   * Says that the response broke off: an `error` event and the end, never a `[DONE]`.
   *
   * @throws the error itself while the stream is not open: it can still have its own status.
   */
  fail(error: unknown): void {
    if (!this.#isOpen) throw error;
    this.end(errorEvent(apiErrorOf(error), apiOf(this.#reply.request)));
  }
}
