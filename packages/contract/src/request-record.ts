import type { ReportedGeneration, ReportedTokens, RequestReport } from "./request-report.ts";

/** An upstream as it was when a request was given one. */
export interface PickCandidate {
  readonly upstream: string;
  /** What it was judged by; only those that are `free` could take the request. */
  readonly state: "free" | "full" | "not-ready" | "tried" | "stands-by" | "failing";
  /** Requests on it. */
  readonly active: number;
  /** Most of them; 0 is no limit. */
  readonly slots: number;
  readonly weight: number;
  /** Characters at the beginning of the prompt that it is taken to hold. */
  readonly heldChars: number;
  /** Estimated time until its response is complete, where that can be told. */
  readonly costSeconds?: number;
}

/** As people are told it; `describeRequest` has them in other languages too. */
export type PickReason =
  | "no other one could take it"
  | "its estimated time is the shortest"
  | "it has the fewest requests for its weight"
  | "it has as few requests as others, and holds the longest beginning of the prompt"
  | "its turn among those with the fewest requests"
  | "its client holds fewer slots than its share, and here one is taken for it from another client"
  | `the rule of ${string}`;

/** Why a request was given to one upstream and not to another. */
export interface PickDecision {
  readonly chosen: string;
  readonly policy: string;
  readonly why: PickReason;
  readonly candidates: readonly PickCandidate[];
}

/** One try on one upstream. Times are milliseconds since the request came. */
export interface AttemptRecord {
  readonly upstream: string;
  readonly atMs: number;
  readonly headMs?: number | undefined;
  readonly status?: number | undefined;
  readonly error?: string | undefined;
  /** It resumed the response of the attempt before it. */
  readonly resumed: boolean;
}

/** One generation in a worker. Times are milliseconds since the request came. */
export interface GenerationRecord extends Omit<ReportedGeneration, "ago"> {
  readonly askedMs: number;
  readonly beganMs: number;
  readonly firstTokenMs?: number | undefined;
  readonly lastTokenMs?: number | undefined;
}

/** What `drover explain` lists of a request that is over. */
export interface RequestSummary {
  readonly id: string;
  readonly receivedAtEpochMs: number;
  /** Label of the API key. */
  readonly key?: string | undefined;
  readonly method: string;
  /** Its path where that is one of Drover's routes, else `other`. */
  readonly route: string;
  readonly status: number;
  readonly durationMs: number;
  readonly queueMs: number;
  /** Since the request came; absent where nobody knows, as of a response that another worker resumed. */
  readonly firstTokenMs?: number | undefined;
  /** Of the worker that ended it; absent: none has told of it. */
  readonly tokens?: ReportedTokens | undefined;
  readonly finish?: RequestReport["finish"] | undefined;
  /** The last one that it was given to. */
  readonly upstream?: string | undefined;
  readonly tries: number;
}

/** All that is known of a request that is over: nothing of its text, and no key but its label. */
export interface RequestRecord extends RequestSummary {
  /** Address of the client. */
  readonly client: string;
  readonly target: string;
  readonly mode: "stream" | "whole";
  readonly bytes: number;
  readonly model?: string | undefined;
  readonly asked?: RequestReport["asked"] | undefined;
  /** Mean time between two tokens. */
  readonly tokenMs?: number | undefined;
  readonly picks: readonly PickDecision[];
  readonly attempts: readonly AttemptRecord[];
  readonly generations: readonly GenerationRecord[];
}
