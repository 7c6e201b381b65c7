import { createHash } from "node:crypto";
import type { Clock } from "@drover/foundation/clock";
import type { ClientRequest } from "./client-request.ts";

const rememberedMs = 600_000;
const mostRemembered = 256;

/** Requests that crashed workers, so that the same one, sent again, crashes none. Only digests are kept. */
export class CondemnedRequests {
  readonly #clock: Clock;
  /** Digest and when it was last condemned, oldest first. */
  readonly #known = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has(request: ClientRequest, body: Buffer): boolean {
    // The usual case costs no digest.
    if (this.#known.size === 0) return false;
    const since = this.#known.get(digestOf(request, body));
    return since !== undefined && this.#clock.monotonicMs() - since < rememberedMs;
  }

  add(request: ClientRequest, body: Buffer): void {
    const digest = digestOf(request, body);
    this.#known.delete(digest);
    this.#known.set(digest, this.#clock.monotonicMs());
    const [oldest] = this.#known.keys();
    if (this.#known.size > mostRemembered && oldest !== undefined) this.#known.delete(oldest);
  }
}

function digestOf({ method, target }: ClientRequest, body: Buffer): string {
  return createHash("sha256").update(`${method} ${target}\n`).update(body).digest("base64");
}
