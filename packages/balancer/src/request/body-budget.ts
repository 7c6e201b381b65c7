/** Bounds the bytes of all request bodies that are held at a time, read in part or complete. */
export class BodyBudget {
  readonly #limitBytes: () => number;
  #heldBytes = 0;

  /** `limitBytes` is asked anew each time: a reload may change it. */
  constructor(limitBytes: () => number) {
    this.#limitBytes = limitBytes;
  }

  /** False where that is more than may be held; then nothing is taken. */
  take(bytes: number): boolean {
    if (this.#heldBytes + bytes > this.#limitBytes()) return false;
    this.#heldBytes += bytes;
    return true;
  }

  giveBack(bytes: number): void {
    this.#heldBytes -= bytes;
  }
}
