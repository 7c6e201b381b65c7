import type { RequestRecord, RequestSummary } from "@drover/contract/request-record";

/** The last requests that have ended, for `drover explain`. */
export class RecentRequests {
  readonly #most: () => number;
  /** By id, the oldest first. */
  readonly #records = new Map<string, RequestRecord>();

  /** @param most asked at each request: a reload may change it */
  constructor(most: () => number) {
    this.#most = most;
  }

  /** A client can send one id twice; the last request counts. */
  add(record: RequestRecord): void {
    this.#records.delete(record.id);
    this.#records.set(record.id, record);
    for (const oldest of this.#records.keys()) {
      if (this.#records.size <= this.#most()) return;
      this.#records.delete(oldest);
    }
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
