import type { RequestRecord, RequestSummary } from "@drover/contract/request-record";
import type { RequestReport } from "@drover/contract/request-report";
import type { Clock } from "@drover/foundation/clock";
import type { Logger } from "pino";
import type { Metrics } from "../own-routes/metrics.ts";
import type { ClientRequest, Ending } from "../request/client-request.ts";
import { type AccessFormat, logAccess } from "./access-log.ts";
import { RecentRequests } from "./recent-requests.ts";
import { recordOf, routeOf } from "./request-record.ts";
import { type Reported, RequestReports } from "./request-reports.ts";

export interface RecorderParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Hears of each request that is over. */
  readonly onRecord?: ((record: RequestRecord) => void) | undefined;
  /** Asked at each request: a reload may change them. */
  readonly rules: () => { readonly accessFormat: AccessFormat; readonly explained: number };
}

/** Counts each request that is over, and logs and keeps it once its worker has told of it too. */
export class RequestRecorder {
  readonly #parts: RecorderParts;
  readonly #reports: RequestReports;
  readonly #recent: RecentRequests;

  constructor(parts: RecorderParts) {
    this.#parts = parts;
    this.#reports = new RequestReports(parts.clock);
    this.#recent = new RecentRequests(() => parts.rules().explained);
  }

  readonly ended = (request: ClientRequest, ending: Ending): void => {
    const { clock, metrics } = this.#parts;
    const durationMs = clock.monotonicMs() - request.arrival.receivedAtMs;
    metrics.countRequest(routeOf(request), ending.status, durationMs);
    const { status, bodyBytes } = ending;
    const end = { status, bodyBytes, durationMs, endedAtEpochMs: clock.epochMs() };
    const reporter = reporterOf(request, ending);
    if (reporter === undefined) this.#record(request, end, undefined);
    else this.#reports.expect(request.arrival.call, reporter, (reported) => this.#record(request, end, reported));
  };

  /** An upstream has told of a request. */
  report(upstream: string, report: RequestReport): void {
    this.#reports.receive(upstream, report);
  }

  explain(id: string): RequestRecord | undefined {
    return this.#recent.get(id);
  }

  recent(count: number): readonly RequestSummary[] {
    return this.#recent.last(count);
  }

  /** Nobody tells of requests any more. */
  close(): void {
    this.#reports.close();
  }

  #record(request: ClientRequest, end: Parameters<typeof recordOf>[1], reported: Reported | undefined): void {
    const { metrics, logger, rules, onRecord } = this.#parts;
    const record = recordOf(request, end, reported);
    const { key, mode, tokens, finish, firstTokenMs, tokenMs } = record;
    if (tokens !== undefined) metrics.countTokens(tokens, key);
    if (finish !== undefined) metrics.countFinish(finish);
    if (firstTokenMs !== undefined) metrics.countFirstToken(mode, firstTokenMs);
    if (tokenMs !== undefined) metrics.countTokenTime(mode, tokenMs);
    for (const tell of request.onTokens) tell(tokens ?? (isRefusal(end.status) ? nothing : undefined));
    this.#recent.add(record);
    onRecord?.(record);
    request.arrival.trace?.end(record);
    logAccess(logger, rules().accessFormat, request, record);
  }
}

/** Nothing was generated. */
function isRefusal(status: number): boolean {
  return status >= 400 && status !== 499;
}

const nothing = { prompt: 0, cached: 0, completion: 0 };

/** Who will tell of a request: its last worker, where it computed something for it. Those with an error were refused before. */
function reporterOf({ attempts, route }: ClientRequest, { status }: Ending): string | undefined {
  const upstream = attempts.at(-1)?.upstream;
  const computes = status < 400 || status === 499;
  return upstream?.reports === true && computes && route?.takesSlot === true ? upstream.id : undefined;
}
