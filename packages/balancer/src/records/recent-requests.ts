import type { RequestRecord, RequestSummary } from "@drover/contract/request-record";

/** So many times the wanted ones are kept before the oldest are cut off. */
const SURPLUS = 1.25;

/** The last requests that have ended, for `drover explain`. */
export class RecentRequests {
  readonly #most: () => number;
  /** The oldest first. Some more than are wanted, since each cut copies the rest; where none is wanted none is kept. */
  #records: RequestRecord[] = [];

  /** @param most asked at each request: a reload may change it */
  constructor(most: () => number) {
    this.#most = most;
  }

  add(record: RequestRecord): void {
    this.#records.push(record);
    const most = this.#most();
    if (this.#records.length > SURPLUS * most) this.#records = this.#records.slice(this.#records.length - most);
  }

  /** A client can send one id twice; the last request counts. */
  get(id: string): RequestRecord | undefined {
    return this.#wanted().findLast((record) => record.id === id);
  }

  /** The last `count`, the newest first. */
  last(count: number): readonly RequestSummary[] {
    const wanted = this.#wanted();
    return wanted
      .slice(Math.max(0, wanted.length - count))
      .toReversed()
      .map(summaryOf);
  }

  #wanted(): readonly RequestRecord[] {
    return this.#records.slice(Math.max(0, this.#records.length - this.#most()));
  }
}

function summaryOf(record: RequestRecord): RequestSummary {
  const { id, receivedAtEpochMs, key, method, route, status, durationMs, queueMs } = record;
  const { firstTokenMs, tokens, finish, upstream, tries } = record;
  const head = { id, receivedAtEpochMs, key, method, route, status, durationMs, queueMs };
  return { ...head, firstTokenMs, tokens, finish, upstream, tries };
}
