import type { FailureReason } from "../client/exchange.ts";
import type { Bar, Summary } from "../statistics/histogram.ts";

/** The figures of the requests of one kind, where a preset has several. */
export interface KindCounts {
  readonly kind: string;
  readonly ok: number;
  readonly response: Summary;
  readonly ttft: Summary;
  readonly longestPauseMs: number | null;
}

/** What was counted inside one measuring window. */
export interface Counts {
  readonly windowMs: number;
  readonly ok: number;
  readonly failed: number;
  /** Of the failed, how many for each reason. */
  readonly reasons: Readonly<Partial<Record<FailureReason, number>>>;
  /** The server's message for each reason: the first one. */
  readonly details: Readonly<Partial<Record<FailureReason, string>>>;
  /** Without a response when the window ended. Neither a success nor a failure yet. */
  readonly unfinished: number;
  /** How long the oldest of them had waited; null where there are none. */
  readonly oldestUnfinishedMs: number | null;
  /** ok / (ok + failed); null where nothing ended. */
  readonly successRate: number | null;
  /** From the (intended) start to the response's last byte, of successes. */
  readonly response: Summary;
  /** From the (intended) start to the first token, of successes. */
  readonly ttft: Summary;
  /** From token to token, of successes. */
  readonly itl: Summary;
  readonly itlBars: readonly Bar[];
  /** The longest that any stream stood still between two tokens, streams included that had not ended; null without any. */
  readonly longestPauseMs: number | null;
  readonly requestsPerSecond: number;
  readonly tokensInPerSecond: number;
  readonly tokensOutPerSecond: number;
  /** Mean of the prompt tokens that the server took from a cache; null where it does not say. */
  readonly cachedTokens: number | null;
  /** Chunks were counted as tokens, because the server sends no usage. */
  readonly tokensAreChunks: boolean;
  /** Empty where the preset has one kind of request only. */
  readonly kinds: readonly KindCounts[];
}
