interface Waiting<Item> {
  readonly item: Item;
  readonly size: number;
  readonly due: number;
}

/**
 * A line in which the small go before the large, and yet nobody waits for ever: an item is passed by later ones only until they have taken
 * together what it will take itself.
 */
export class FairLine<Item> {
  readonly #waiting: Waiting<Item>[] = [];
  #taken = 0;

  get length(): number {
    return this.#waiting.length;
  }

  /** Among items that come at the same moment the smallest is first, and of the same size the first. */
  add(item: Item, size: number): void {
    const due = this.#taken + size;
    const at = this.#waiting.findLastIndex((other) => other.due <= due) + 1;
    this.#waiting.splice(at, 0, { item, size, due });
  }

  /** Takes the first one out; undefined: there is none. */
  shift(): Item | undefined {
    const first = this.#waiting.shift();
    this.#taken += first?.size ?? 0;
    return first?.item;
  }
}
