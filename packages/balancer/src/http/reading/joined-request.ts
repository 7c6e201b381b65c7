import { IncomingMessage } from "node:http";

/** Smaller parts of a body are joined. */
const smallBytes = 512;
const joinedBytes = 4096;

/**
 * A request of which small parts that come together are read as one: a client may send each byte of a body as a chunk of its own, and each part costs some
 * hundred bytes beside its own until somebody has read it.
 */
export class JoinedRequest extends IncomingMessage {
  #joined: Buffer | undefined;
  #bytes = 0;

  override push(part: Buffer | null): boolean {
    if (part === null || part.length >= smallBytes) {
      this.#flush();
      return super.push(part);
    }
    if (this.#bytes + part.length > joinedBytes) this.#flush();
    this.#joined ??= this.#begin();
    this.#bytes += part.copy(this.#joined, this.#bytes);
    return this.readableLength + this.#bytes < this.readableHighWaterMark;
  }

  #begin(): Buffer {
    // Once all that came with it has been parsed.
    process.nextTick(() => this.#flush());
    return Buffer.allocUnsafe(joinedBytes);
  }

  #flush(): void {
    const joined = this.#joined?.subarray(0, this.#bytes);
    this.#joined = undefined;
    this.#bytes = 0;
    // A copy where much of its memory would be kept for nothing.
    if (joined !== undefined) super.push(joined.length > joinedBytes / 2 ? joined : Buffer.from(joined));
  }
}
