import type { Exchange, FailureReason, Usage } from "../client/exchange.ts";
import type { Counts } from "./counts.ts";
import { createDurations } from "./histogram.ts";

/** A request on its way. */
export interface Pending {
  readonly intendedMs: number;
}

const ITL_BARS = 40;

/**
 * Which requests belong to a window. `ended`: those that end in it (closed loop, where the load does not pile up).
 * `intended`: those that should have begun in it, however late they end (open loop: leaving out the late ones would
 * hide what an overload does).
 */
export type Belonging = "ended" | "intended";

/** Counts what belongs to the window from `fromMs` to `toMs`; warm-up and run-out lie outside of it. */
export class Recorder {
  #fromMs: number;
  #toMs: number;
  #ended = 0;
  readonly #belonging: Belonging;
  readonly #response = createDurations();
  readonly #ttft = createDurations();
  readonly #itl = createDurations();
  readonly #pending = new Set<Pending>();
  readonly #reasons: Partial<Record<FailureReason, number>> = {};
  readonly #details: Partial<Record<FailureReason, string>> = {};
  readonly #sums = {
    ok: 0,
    failed: 0,
    okInside: 0,
    chunks: 0,
    okChunks: 0,
    usages: 0,
    prompt: 0,
    cached: 0,
    completion: 0,
  };

  constructor(fromMs: number, toMs: number, belonging: Belonging) {
    this.#belonging = belonging;
    this.#fromMs = fromMs;
    this.#toMs = toMs;
  }

  get fromMs(): number {
    return this.#fromMs;
  }

  get toMs(): number {
    return this.#toMs;
  }

  /** Answers and failures since the first request, inside of the window or not. */
  get ended(): number {
    return this.#ended;
  }

  /** Puts off a window that has not begun. */
  delay(ms: number): void {
    this.#fromMs += ms;
    this.#toMs += ms;
  }

  /** Puts off the end of a window that has not ended. */
  lengthen(ms: number): void {
    this.#toMs += ms;
  }

  /** @param intendedMs when the request should have been sent; its latencies count from here */
  begin(intendedMs: number): Pending {
    const request = { intendedMs };
    this.#pending.add(request);
    return request;
  }

  /** Requests of the window that still have no answer. */
  get open(): number {
    return [...this.#pending].filter(({ intendedMs }) => intendedMs < this.toMs && intendedMs >= this.fromMs).length;
  }

  token(nowMs: number): void {
    if (this.#inside(nowMs)) this.#sums.chunks += 1;
  }

  /** What the measurement itself cancelled stays pending, and so is counted as unfinished. */
  end(request: Pending, exchange: Exchange): void {
    const { result } = exchange;
    if (result.kind === "cancelled") return;
    this.#pending.delete(request);
    this.#ended += 1;
    if (result.kind === "ok" && this.#inside(exchange.endMs)) this.#sums.okInside += 1;
    if (!this.#inside(this.#belonging === "ended" ? exchange.endMs : request.intendedMs)) return;
    if (result.kind === "ok") {
      this.#succeed(request.intendedMs, exchange, result.usage);
      return;
    }
    this.#sums.failed += 1;
    this.#reasons[result.reason] = (this.#reasons[result.reason] ?? 0) + 1;
    this.#details[result.reason] ??= result.detail;
  }

  /**
   * A quantile of response or first-token time in which the failed count as endless and the unfinished count as soon as
   * they have waited longer than the quantile of the others: a server that hangs must not look fast.
   * @returns Infinity where the quantile falls among those; null where nothing was counted
   */
  strictQuantileMs(of: "response" | "ttft", quantile: number, nowMs: number): number | null {
    const durations = of === "response" ? this.#response : this.#ttft;
    const failed = this.#sums.failed;
    const plain = durations.quantileMs(quantile) ?? 0;
    const endMs = this.#belonging === "ended" ? Math.min(nowMs, this.toMs) : nowMs;
    const late = [...this.#pending].filter(({ intendedMs }) => endMs - intendedMs > Math.max(plain, 1)).length;
    const total = durations.count + failed + (durations.count === 0 ? this.#pending.size : late);
    if (total === 0) return null;
    const share = (quantile * total) / Math.max(1, durations.count);
    return durations.count === 0 || share > 1 ? Number.POSITIVE_INFINITY : durations.quantileMs(share);
  }

  /** @param nowMs the window's end, or earlier where the run goes on or was interrupted */
  counts(nowMs: number): Counts {
    const sums = this.#sums;
    const endMs = Math.min(nowMs, this.toMs);
    const windowMs = Math.max(0, endMs - this.fromMs);
    const perSecond = (count: number) => (windowMs === 0 ? 0 : (count / windowMs) * 1000);
    // A chunk may carry several tokens. The server's own count of whole answers says how many.
    const tokensInChunk = sums.usages === 0 || sums.okChunks === 0 ? 1 : sums.completion / sums.okChunks;
    const waitedToMs = this.#belonging === "ended" ? endMs : nowMs;
    const started = [...this.#pending].map(({ intendedMs }) => intendedMs).filter((startMs) => startMs < endMs);
    return {
      windowMs,
      ok: sums.ok,
      failed: sums.failed,
      reasons: { ...this.#reasons },
      details: { ...this.#details },
      unfinished: started.length,
      oldestUnfinishedMs: started.length === 0 ? null : waitedToMs - Math.min(...started),
      successRate: sums.ok + sums.failed === 0 ? null : sums.ok / (sums.ok + sums.failed),
      response: this.#response.summary(),
      ttft: this.#ttft.summary(),
      itl: this.#itl.summary(),
      itlBars: this.#itl.bars(ITL_BARS),
      requestsPerSecond: perSecond(sums.okInside),
      tokensInPerSecond: perSecond(sums.prompt),
      tokensOutPerSecond: perSecond(sums.chunks * tokensInChunk),
      cachedTokens: sums.usages === 0 ? null : sums.cached / sums.usages,
      tokensAreChunks: sums.usages === 0,
    };
  }

  #succeed(intendedMs: number, exchange: Exchange, usage: Usage | undefined): void {
    const times = exchange.tokenTimesMs;
    this.#sums.ok += 1;
    this.#response.add(exchange.endMs - intendedMs);
    this.#ttft.add((times[0] ?? exchange.endMs) - intendedMs);
    for (let index = 1; index < times.length; index += 1) this.#itl.add((times[index] ?? 0) - (times[index - 1] ?? 0));
    if (usage === undefined) return;
    this.#sums.usages += 1;
    this.#sums.okChunks += times.length;
    this.#sums.prompt += usage.promptTokens;
    this.#sums.cached += usage.cachedTokens;
    this.#sums.completion += usage.completionTokens;
  }

  #inside(ms: number): boolean {
    return ms >= this.fromMs && ms < this.toMs;
  }
}
