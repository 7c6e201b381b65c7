import type { RequestRecord, RequestSummary } from "@drover/contract/request-record";

/** The last requests that have ended, for `drover explain`. */
export class RecentRequests {
  readonly #most: () => number;
  /** By id, the oldest first. */
  readonly #records = new Map<string, RequestRecord>();
  /** What it comes to is forgotten, so it is always at the oldest. One made anew would first pass the places of all that were. */
  readonly #oldest = this.#records.keys();

  /** @param most asked at each request: a reload may change it */
  constructor(most: () => number) {
    this.#most = most;
  }

  /** A client can send one id twice; the last request counts. */
  add(record: RequestRecord): void {
    this.#records.delete(record.id);
    this.#records.set(record.id, record);
    while (this.#records.size > this.#most()) this.#records.delete(this.#oldest.next().value ?? "");
  }

  get(id: string): RequestRecord | undefined {
    return this.#records.get(id);
  }

  /** The last `count`, the newest first. */
  last(count: number): readonly RequestSummary[] {
    return [...this.#records.values()].slice(-count).toReversed().map(summaryOf);
  }
}

function summaryOf(record: RequestRecord): RequestSummary {
  const { id, receivedAtEpochMs, key, method, route, status, durationMs, queueMs } = record;
  const { firstTokenMs, tokens, finish, upstream, tries } = record;
  const head = { id, receivedAtEpochMs, key, method, route, status, durationMs, queueMs };
  return { ...head, firstTokenMs, tokens, finish, upstream, tries };
}
