/** How much is kept, over all keys. */
export interface StoreLimits {
  /** 0: nothing is kept. */
  readonly responses: number;
  readonly bytes: number;
}

/** One response, with what it responded to. All texts are JSON. */
export interface StoredResponse {
  readonly id: string;
  /** The response that it continues. */
  readonly previousId: string | undefined;
  /** The items that its request added to those of the previous one, without brackets: `{…},{…}`. */
  readonly input: Buffer;
  /** Its own items, likewise. */
  readonly output: Buffer;
  readonly outputIds: readonly string[];
  /** As the API returns it. */
  readonly response: Buffer;
}

/** The responses of one owner; the least recently used first. */
interface Shelf {
  readonly responses: Map<string, StoredResponse>;
  /** The responses that items are in. */
  readonly items: Map<string, string>;
  bytes: number;
}

/**
 * Responses of `/v1/responses` that later requests may refer to, in memory. Each owner sees its own alone. Over the limits the owner that holds
 * most loses what it has not used for the longest time, so that nobody displaces what others keep.
 */
export class ResponseStore {
  readonly #limits: () => StoreLimits;
  readonly #shelves = new Map<string, Shelf>();
  #responses = 0;
  #bytes = 0;

  /** `limits` is asked anew each time: a reload may change it. */
  constructor(limits: () => StoreLimits) {
    this.#limits = limits;
  }

  get isOn(): boolean {
    return this.#limits().responses > 0;
  }

  /** Bytes that one response may have with its request: one alone must not displace all others. */
  get mostBytesOfOne(): number {
    return this.#limits().bytes / 8;
  }

  get(owner: string, id: string): StoredResponse | undefined {
    const responses = this.#shelves.get(owner)?.responses;
    const found = responses?.get(id);
    if (responses === undefined || found === undefined) return undefined;
    responses.delete(id);
    responses.set(id, found);
    return found;
  }

  /** The response that this item is in. */
  holderOf(owner: string, itemId: string): StoredResponse | undefined {
    const id = this.#shelves.get(owner)?.items.get(itemId);
    return id === undefined ? undefined : this.get(owner, id);
  }

  put(owner: string, stored: StoredResponse): void {
    const size = bytesOf(stored);
    if (size > this.mostBytesOfOne) return;
    this.delete(owner, stored.id);
    const shelf = this.#shelfOf(owner);
    shelf.responses.set(stored.id, stored);
    for (const itemId of stored.outputIds) shelf.items.set(itemId, stored.id);
    shelf.bytes += size;
    this.#bytes += size;
    this.#responses += 1;
    this.#evict();
  }

  /** False where there is none. */
  delete(owner: string, id: string): boolean {
    const shelf = this.#shelves.get(owner);
    const stored = shelf?.responses.get(id);
    if (shelf === undefined || stored === undefined) return false;
    shelf.responses.delete(id);
    for (const itemId of stored.outputIds) shelf.items.delete(itemId);
    shelf.bytes -= bytesOf(stored);
    this.#bytes -= bytesOf(stored);
    this.#responses -= 1;
    if (shelf.responses.size === 0) this.#shelves.delete(owner);
    return true;
  }

  #evict(): void {
    const { responses, bytes } = this.#limits();
    while (this.#responses > responses || this.#bytes > bytes) {
      const [owner, shelf] = largest(this.#shelves);
      const [oldest] = shelf.responses.keys();
      if (oldest === undefined || !this.delete(owner, oldest)) return;
    }
  }

  #shelfOf(owner: string): Shelf {
    const known = this.#shelves.get(owner);
    if (known !== undefined) return known;
    const made: Shelf = { responses: new Map(), items: new Map(), bytes: 0 };
    this.#shelves.set(owner, made);
    return made;
  }
}

function largest(shelves: ReadonlyMap<string, Shelf>): readonly [string, Shelf] {
  return [...shelves].reduce((most, one) => (one[1].bytes > most[1].bytes ? one : most));
}

/** Strings and maps around the texts included, roughly. */
function bytesOf({ input, output, response, outputIds }: StoredResponse): number {
  return input.length + output.length + response.length + 200 * (outputIds.length + 1);
}
