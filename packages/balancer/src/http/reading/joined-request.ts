import { IncomingMessage } from "node:http";

/** Smaller parts of a body are joined. */
const smallBytes = 512;

/** For the one request that is read at the moment: with a buffer of its own each would take 4 KiB for a body of a hundred bytes. */
const joined = {
  request: undefined as JoinedRequest | undefined,
  buffer: Buffer.allocUnsafeSlow(4096),
  bytes: 0,
};

/**
 * A request of which small parts that come together are read as one: a client may send each byte of a body as a chunk of its own, and each part costs some
 * hundred bytes beside its own until somebody has read it.
 */
export class JoinedRequest extends IncomingMessage {
  override push(part: Buffer | null): boolean {
    if (part === null || part.length >= smallBytes) {
      this.flush();
      return super.push(part);
    }
    if (joined.request !== this || joined.bytes + part.length > joined.buffer.length) this.#begin();
    joined.bytes += part.copy(joined.buffer, joined.bytes);
    return this.readableLength + joined.bytes < this.readableHighWaterMark;
  }

  /** Hands over what has come so far. */
  flush(): void {
    if (joined.request !== this) return;
    const bytes = Buffer.from(joined.buffer.subarray(0, joined.bytes));
    joined.request = undefined;
    joined.bytes = 0;
    super.push(bytes);
  }

  #begin(): void {
    joined.request?.flush();
    joined.request = this;
    // Once all that came with it has been parsed.
    process.nextTick(() => this.flush());
  }
}
