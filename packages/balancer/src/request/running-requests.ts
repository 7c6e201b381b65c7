import type { Clock } from "@drover/foundation/clock";
import type { ClientRequest, Stage } from "./client-request.ts";

/** The requests that are under way, until the last byte of their response is sent. */
export class RunningRequests {
  readonly #clock: Clock;
  readonly #onIdle: () => void;
  #uses = 0;
  readonly #requests = new Bag<ClientRequest>();
  #idleSinceMs: number | undefined;
  #onEmpty: (() => void) | undefined;

  /** `onIdle` is called whenever the last use has ended. */
  constructor(clock: Clock, onIdle: () => void) {
    this.#clock = clock;
    this.#onIdle = onIdle;
    this.#idleSinceMs = clock.monotonicMs();
  }

  /** Since when nobody uses it, on the monotonic clock; undefined while there are some. */
  get idleSinceMs(): number | undefined {
    return this.#idleSinceMs;
  }

  /** How many have come how far. */
  byStage(): Readonly<Partial<Record<Stage, number>>> {
    const counts: Partial<Record<Stage, number>> = {};
    for (const { stage } of this.#requests) counts[stage] = (counts[stage] ?? 0) + 1;
    return counts;
  }

  add(request: ClientRequest): void {
    const remove = this.#requests.add(request);
    request.response.once("close", () => {
      remove();
      if (this.#requests.size === 0) this.#onEmpty?.();
      if (request.isUse) this.#used();
    });
  }

  /** From now until its end it uses what is served; those that were refused or only look never do. */
  use(request: ClientRequest): void {
    if (request.response.closed || request.isUse) return;
    request.isUse = true;
    this.#uses += 1;
    this.#idleSinceMs = undefined;
  }

  /** No connection is kept behind a response that has not begun. */
  closeAfterResponse(): void {
    for (const { response } of this.#requests) if (!response.headersSent) response.shouldKeepAlive = false;
  }

  /** Resolves when there is none, or after the time given. */
  emptied(timeoutMs: number): Promise<void> {
    if (this.#requests.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const stop = this.#clock.after(timeoutMs, resolve);
      this.#onEmpty = () => {
        stop();
        resolve();
      };
    });
  }

  #used(): void {
    this.#uses -= 1;
    if (this.#uses > 0) return;
    this.#idleSinceMs = this.#clock.monotonicMs();
    this.#onIdle();
  }
}

/**
 * Objects that come and go all the time, in no order. A `Set` costs more there: V8 replaces its table every few dozen changes, and each old table leads to the
 * next one. Once one of them is in the old generation, all objects that ever were in a later one stay in memory until a major garbage collection.
 */
class Bag<Item> implements Iterable<Item> {
  readonly #items: (Item | undefined)[] = [];
  /** Places in `#items` that are empty. */
  readonly #free: number[] = [];

  get size(): number {
    return this.#items.length - this.#free.length;
  }

  /** @returns what takes it out again, to be called once */
  add(item: Item): () => void {
    const at = this.#free.pop() ?? this.#items.length;
    this.#items[at] = item;
    return () => {
      this.#items[at] = undefined;
      this.#free.push(at);
    };
  }

  *[Symbol.iterator](): Iterator<Item> {
    for (const item of this.#items) if (item !== undefined) yield item;
  }
}
