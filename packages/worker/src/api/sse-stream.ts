import type { FastifyReply } from "fastify";
import { errorEnvelope } from "./error-envelope.ts";

const HEADERS = {
  "content-type": "text/event-stream; charset=utf-8",
  "cache-control": "no-cache",
  // Tells nginx and its like not to gather the stream into blocks.
  "x-accel-buffering": "no",
} as const;

/** A response of server-sent events. Each call is one write. */
export class SseStream {
  readonly #reply: FastifyReply;
  readonly #envelopeOf: (error: unknown) => { readonly body: unknown };
  #isOpen = false;

  /** `envelopeOf`: how the API in question writes errors. */
  constructor(reply: FastifyReply, envelopeOf: (error: unknown) => { readonly body: unknown } = errorEnvelope) {
    this.#reply = reply;
    this.#envelopeOf = envelopeOf;
  }

  /** From now on this is a stream, and errors are events in it. */
  open(): void {
    if (this.#isOpen) return;
    this.#isOpen = true;
    this.#reply.hijack();
    if (!this.#reply.raw.destroyed) this.#reply.raw.writeHead(200, HEADERS);
  }

  /** `events` are whole events, with their empty lines. */
  write(events: string): void {
    if (events !== "" && !this.#reply.raw.destroyed) this.#reply.raw.write(events);
  }

  end(events: string): void {
    if (!this.#reply.raw.destroyed) this.#reply.raw.end(events);
  }

  /**
   * Says that the answer broke off: an `error` event and the end, never a `[DONE]`.
   *
   * @throws the error itself while the stream is not open: it can still have its own status.
   */
  fail(error: unknown): void {
    if (!this.#isOpen) throw error;
    this.end(`event: error\ndata: ${JSON.stringify(this.#envelopeOf(error).body)}\n\n`);
  }
}
