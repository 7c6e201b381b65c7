/**
 * Work that all requests together may do in one turn of the event loop. To let others in between after each slice is not enough: all that wait for the
 * next turn would have it at once, and a hundred of them hold the loop up a hundred times as long.
 */
export class LoopBudget {
  readonly #most: number;
  #left: number;
  readonly #waiting = new FairLine<{ readonly amount: number; readonly go: () => void }>();
  #isArmed = false;

  /** `most` in a turn, in whatever unit `spend` is told. */
  constructor(most: number) {
    this.#most = most;
    this.#left = most;
  }

  /**
   * To be awaited before work of this size; undefined where it can begin at once. The least is served first, so that small requests do not wait for large
   * ones, as far as these do not wait for ever (`FairLine`). What is more than a turn may have gets one of its own.
   */
  spend(amount: number): Promise<void> | undefined {
    this.#arm();
    if (this.#waiting.length === 0 && this.#fits(amount)) {
      this.#left -= amount;
      return undefined;
    }
    return new Promise((go) => this.#waiting.add({ amount, go }, amount));
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    setImmediate(() => this.#nextTurn());
  }

  #nextTurn(): void {
    this.#isArmed = false;
    this.#left = this.#most;
    for (let next = this.#waiting.first; next !== undefined && this.#fits(next.amount); next = this.#waiting.first) {
      this.#waiting.shift();
      this.#left -= next.amount;
      next.go();
    }
    if (this.#left < this.#most) this.#arm();
  }

  #fits(amount: number): boolean {
    return amount <= this.#left || this.#left === this.#most;
  }
}

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

  /** Who is next; undefined: there is nobody. */
  get first(): Item | undefined {
    return this.#waiting[0]?.item;
  }

  /** Takes the first one out; undefined: there is none. */
  shift(): Item | undefined {
    const first = this.#waiting.shift();
    this.#taken += first?.size ?? 0;
    return first?.item;
  }
}
