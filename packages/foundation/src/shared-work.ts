interface Running<Result> {
  readonly result: Promise<Result>;
  /** Begins when that has ended, for all that came meanwhile. */
  next: Promise<Result> | undefined;
}

/**
 * Does the same work for all who ask at a time, once: each gets a result that was begun after it asked, and however many ask, no more than one
 * is under way for each name.
 */
export class SharedWork<Result> {
  readonly #running = new Map<string, Running<Result>>();

  do(name: string, work: () => Promise<Result>): Promise<Result> {
    const now = this.#running.get(name);
    if (now === undefined) return this.#begin(name, work);
    now.next ??= now.result.then(
      () => this.#begin(name, work),
      () => this.#begin(name, work),
    );
    return now.next;
  }

  #begin(name: string, work: () => Promise<Result>): Promise<Result> {
    const result = work();
    const running: Running<Result> = { result, next: undefined };
    this.#running.set(name, running);
    const end = (): void => {
      if (this.#running.get(name) === running && running.next === undefined) this.#running.delete(name);
    };
    result.then(end, end);
    return result;
  }
}
