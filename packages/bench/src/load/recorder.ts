import type { Exchange, FailureReason, Usage } from "../client/exchange.ts";
import type { Counts } from "./counts.ts";
import { Tally } from "./tally.ts";

/** A request on its way. */
export interface Pending {
  /** When the request should have been sent; its latencies count from here. */
  readonly intendedMs: number;
  readonly kind?: string | undefined;
  /** A user's first: all users send theirs at once, which is not how they go on. */
  readonly isFirst?: boolean | undefined;
}

/** What the window's rules are told of each request that ended. */
export interface Ended {
  readonly kind: string | undefined;
  readonly endMs: number;
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
  /** May be moved while the window has not begun. */
  fromMs: number;
  /** May be moved while the window has not ended. */
  toMs: number;
  /** Called when a request has ended and was counted, in the same moment: a window can begin or end exactly there. */
  onEnd: ((ended: Ended) => void) | undefined;
  #ended = 0;
  #firstsEnded = 0;
  readonly #belonging: Belonging;
  readonly #all = new Tally();
  readonly #kinds = new Map<string, Tally>();
  /** Each with the time of its last token. */
  readonly #pending = new Map<Pending, number | undefined>();
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
    this.fromMs = fromMs;
    this.toMs = toMs;
  }

  /** Responses and failures since the first request, inside of the window or not. */
  get ended(): number {
    return this.#ended;
  }

  /** Users whose first request has ended. */
  get firstsEnded(): number {
    return this.#firstsEnded;
  }

  begin(request: Pending): void {
    this.#pending.set(request, undefined);
  }

  /** Requests of the window that still have no response. */
  get open(): number {
    return [...this.#pending.keys()].filter(({ intendedMs }) => this.#inside(intendedMs)).length;
  }

  token(request: Pending, nowMs: number): void {
    const lastMs = this.#pending.get(request);
    this.#pending.set(request, nowMs);
    if (!this.#inside(nowMs)) return;
    this.#sums.chunks += 1;
    if (lastMs !== undefined) for (const tally of this.#talliesOf(request)) tally.pause(nowMs - lastMs);
  }

  /** What the measurement itself cancelled stays pending, and so is counted as unfinished. */
  end(request: Pending, exchange: Exchange): void {
    if (exchange.result.kind === "cancelled") return;
    this.#pending.delete(request);
    this.#ended += 1;
    if (request.isFirst === true) this.#firstsEnded += 1;
    this.#count(request, exchange);
    this.onEnd?.({ kind: request.kind, endMs: exchange.endMs });
  }

  /**
   * A quantile of response or first-token time in which the failed count as endless and the unfinished count as soon as
   * they have waited longer than the quantile of the others: a server that hangs must not look fast.
   * @returns Infinity where the quantile falls among those; null where nothing was counted
   */
  strictQuantileMs(of: "response" | "ttft", quantile: number, nowMs: number): number | null {
    const durations = this.#all[of];
    const failed = this.#sums.failed;
    const plain = durations.quantileMs(quantile) ?? 0;
    const endMs = this.#belonging === "ended" ? Math.min(nowMs, this.toMs) : nowMs;
    const late = [...this.#pending.keys()].filter(({ intendedMs }) => endMs - intendedMs > Math.max(plain, 1)).length;
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
    // A chunk may carry several tokens. The server's own count of complete responses says how many.
    const tokensInChunk = sums.usages === 0 || sums.okChunks === 0 ? 1 : sums.completion / sums.okChunks;
    const waitedToMs = this.#belonging === "ended" ? endMs : nowMs;
    const started = [...this.#pending.keys()].map((one) => one.intendedMs).filter((startMs) => startMs < endMs);
    const { response, ttft, itl } = this.#all;
    return {
      windowMs,
      ok: sums.ok,
      failed: sums.failed,
      reasons: { ...this.#reasons },
      details: { ...this.#details },
      unfinished: started.length,
      oldestUnfinishedMs: started.length === 0 ? null : waitedToMs - Math.min(...started),
      successRate: sums.ok + sums.failed === 0 ? null : sums.ok / (sums.ok + sums.failed),
      response: response.summary(),
      ttft: ttft.summary(),
      itl: itl.summary(),
      itlBars: itl.bars(ITL_BARS),
      longestPauseMs: this.#all.longestPauseMs(this.#openPauses(endMs)),
      requestsPerSecond: perSecond(sums.okInside),
      tokensInPerSecond: perSecond(sums.prompt),
      tokensOutPerSecond: perSecond(sums.chunks * tokensInChunk),
      cachedTokens: sums.usages === 0 ? null : sums.cached / sums.usages,
      tokensAreChunks: sums.usages === 0,
      kinds: [...this.#kinds].map(([kind, tally]) => tally.counts(kind, this.#openPauses(endMs, kind))),
    };
  }

  #count(request: Pending, exchange: Exchange): void {
    const { result, endMs } = exchange;
    if (result.kind === "ok" && this.#inside(endMs)) this.#sums.okInside += 1;
    if (!this.#inside(this.#belonging === "ended" ? endMs : request.intendedMs)) return;
    if (result.kind === "ok") {
      this.#sums.ok += 1;
      for (const tally of this.#talliesOf(request)) tally.succeed(request.intendedMs, exchange);
      this.#addUsage(result.usage, exchange.tokenTimesMs.length);
    } else if (result.kind === "failed") {
      this.#sums.failed += 1;
      this.#reasons[result.reason] = (this.#reasons[result.reason] ?? 0) + 1;
      this.#details[result.reason] ??= result.detail;
    }
  }

  #addUsage(usage: Usage | undefined, chunks: number): void {
    if (usage === undefined) return;
    this.#sums.usages += 1;
    this.#sums.okChunks += chunks;
    this.#sums.prompt += usage.promptTokens;
    this.#sums.cached += usage.cachedTokens;
    this.#sums.completion += usage.completionTokens;
  }

  #talliesOf({ kind }: Pending): readonly Tally[] {
    if (kind === undefined) return [this.#all];
    const known = this.#kinds.get(kind) ?? new Tally();
    this.#kinds.set(kind, known);
    return [this.#all, known];
  }

  /** How long streams that have begun to arrive have stood still by now. @param kind only those of this kind */
  #openPauses(endMs: number, kind?: string): readonly number[] {
    return [...this.#pending].flatMap(([request, lastMs]) =>
      lastMs === undefined || (kind !== undefined && request.kind !== kind) ? [] : [Math.max(0, endMs - lastMs)],
    );
  }

  #inside(ms: number): boolean {
    return ms >= this.fromMs && ms < this.toMs;
  }
}
