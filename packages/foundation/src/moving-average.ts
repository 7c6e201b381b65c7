/** A mean that forgets: each new value counts `share` of it, and the first one all. */
export class MovingAverage {
  readonly #share: number;
  #value: number | undefined;

  /** @param share from 0 to 1 */
  constructor(share: number) {
    this.#share = share;
  }

  /** Undefined before the first value. */
  get value(): number | undefined {
    return this.#value;
  }

  add(value: number): void {
    this.#value = this.#value === undefined ? value : this.#value + (value - this.#value) * this.#share;
  }
}
