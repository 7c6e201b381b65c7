import { type Dispatcher, Pool } from "undici";
import { systemClock } from "@drover/foundation/clock";
import { Durations, type Summary } from "../../statistics/histogram.ts";

export interface RequestsOptions {
  /** `http://HOST:PORT` */
  readonly url: string;
  readonly path: string;
  readonly method: "GET" | "POST";
  readonly body?: string;
  /** Connections, each with one request at a time. */
  readonly connections: number;
  /** Left out of the figures. */
  readonly warmupMs: number;
  readonly durationMs: number;
}

export interface RequestsReport {
  readonly requestsPerSecond: number;
  readonly count: number;
  readonly latency: Summary;
  /** Not 200, or no response. */
  readonly failed: number;
}

/** Closed loop of requests, for the cost of a proxy itself; chats are the business of run-step.ts. */
export async function runRequests(options: RequestsOptions): Promise<RequestsReport> {
  const { durationMs, warmupMs } = options;
  const pool = new Pool(options.url, { connections: options.connections, pipelining: 1 });
  const latency = new Durations();
  const startMs = systemClock.monotonicMs() + warmupMs;
  const endMs = startMs + durationMs;
  let failed = 0;
  const runOne = async () => {
    for (;;) {
      const sentMs = systemClock.monotonicMs();
      if (sentMs >= endMs) return;
      const isOk = await sendRequest(pool, options);
      const doneMs = systemClock.monotonicMs();
      if (sentMs < startMs || doneMs > endMs) continue;
      if (isOk) latency.add(doneMs - sentMs);
      else failed += 1;
    }
  };
  await Promise.all(Array.from({ length: options.connections }, runOne));
  await pool.destroy();
  const count = latency.count;
  return { requestsPerSecond: (count * 1000) / durationMs, count, latency: latency.summary(), failed };
}

/** @returns whether the status is 200 and the response complete */
export function sendRequest(
  pool: Pool,
  { path, method, body }: Pick<RequestsOptions, "path" | "method" | "body">,
): Promise<boolean> {
  return new Promise((resolve) => {
    let status = 0;
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {},
      onResponseStart(_controller, statusCode) {
        status = statusCode;
      },
      onResponseData() {},
      onResponseEnd: () => resolve(status === 200),
      onResponseError: () => resolve(false),
    };
    const headers = body === undefined ? {} : { "content-type": "application/json" };
    pool.dispatch({ path, method, headers, body: body ?? null }, handler);
  });
}
