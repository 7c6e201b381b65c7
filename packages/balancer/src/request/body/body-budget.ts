/** Bounds the bytes of all request bodies that are held at a time, read in part or complete. No owner can have them all. */
export class BodyBudget {
  readonly #limitBytes: () => number;
  readonly #heldBytes = new Map<string, number>();
  #allHeldBytes = 0;

  /** `limitBytes` is asked anew each time: a reload may change it. */
  constructor(limitBytes: () => number) {
    this.#limitBytes = limitBytes;
  }

  /** For the bodies of one owner. */
  of(owner: string): OwnBudget {
    return new OwnBudget(this, owner);
  }

  /** False where that is more than the owner may hold; then nothing is taken. */
  take(owner: string, bytes: number): boolean {
    const own = this.#heldBytes.get(owner) ?? 0;
    const left = this.#limitBytes() - (this.#allHeldBytes - own);
    // However many bodies an owner holds, half of what is left is for others.
    if (own + bytes > left / 2) return false;
    this.#add(owner, bytes);
    return true;
  }

  giveBack(owner: string, bytes: number): void {
    this.#add(owner, -bytes);
  }

  #add(owner: string, bytes: number): void {
    if (bytes === 0) return;
    this.#allHeldBytes += bytes;
    const held = (this.#heldBytes.get(owner) ?? 0) + bytes;
    if (held > 0) this.#heldBytes.set(owner, held);
    else this.#heldBytes.delete(owner);
  }
}

export class OwnBudget {
  readonly #all: BodyBudget;
  readonly #owner: string;

  constructor(all: BodyBudget, owner: string) {
    this.#all = all;
    this.#owner = owner;
  }

  /** See {@link BodyBudget.take}. */
  take(bytes: number): boolean {
    return this.#all.take(this.#owner, bytes);
  }

  giveBack(bytes: number): void {
    this.#all.giveBack(this.#owner, bytes);
  }
}
