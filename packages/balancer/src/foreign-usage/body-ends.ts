/** Of the beginning of a body, which has the model, and what Anthropic's API says of the prompt. */
const HEAD_BYTES = 16_384;
/** Of its end, which has the counts. */
const TAIL_BYTES = 16_384;

const nothing = Buffer.alloc(0);

/**
 * The beginning and the end of a body that passes, in two buffers: a buffer for each event of a stream would live for some hundred events, which is
 * what costs a garbage collector most.
 */
export class BodyEnds {
  #head: Buffer = nothing;
  #headBytes = 0;
  /** What comes behind the beginning. Where it is full, the last `TAIL_BYTES` move to its front. */
  #rest: Buffer | undefined;
  #restBytes = 0;

  /** Takes a copy of the next bytes. */
  push(part: Buffer): void {
    const inHead = Math.min(part.length, HEAD_BYTES - this.#headBytes);
    if (inHead > 0) this.#pushToHead(part, inHead);
    if (inHead < part.length) this.#pushToRest(part, Math.max(inHead, part.length - TAIL_BYTES));
  }

  /** Is nothing missing between the two ends? Then the tail is the entire body. */
  get isEntire(): boolean {
    return this.#rest === undefined;
  }

  head(): Buffer {
    return this.#head.subarray(0, this.#headBytes);
  }

  tail(): Buffer {
    const rest = this.#rest?.subarray(Math.max(0, this.#restBytes - TAIL_BYTES), this.#restBytes);
    if (rest === undefined) return this.head();
    return rest.length === TAIL_BYTES ? rest : Buffer.concat([this.head().subarray(rest.length - TAIL_BYTES), rest]);
  }

  #pushToHead(part: Buffer, bytes: number): void {
    const needed = this.#headBytes + bytes;
    if (needed > this.#head.length) {
      const larger = Buffer.allocUnsafe(Math.min(HEAD_BYTES, Math.max(needed, 4 * this.#head.length)));
      this.#head.copy(larger, 0, 0, this.#headBytes);
      this.#head = larger;
    }
    part.copy(this.#head, this.#headBytes, 0, bytes);
    this.#headBytes = needed;
  }

  #pushToRest(part: Buffer, from: number): void {
    const rest = (this.#rest ??= Buffer.allocUnsafe(2 * TAIL_BYTES));
    if (this.#restBytes + part.length - from > rest.length) {
      rest.copy(rest, 0, this.#restBytes - TAIL_BYTES, this.#restBytes);
      this.#restBytes = TAIL_BYTES;
    }
    this.#restBytes += part.copy(rest, this.#restBytes, from);
  }
}
