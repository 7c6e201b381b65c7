/** Tokens as the server counted them. */
export interface Usage {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
}

/** Why a request is not a success. Anything that is not a complete response is one of these. */
export type FailureReason =
  | "refused"
  | "reset"
  | "timeout"
  | "not-http"
  | `http-${number}`
  | "error-event"
  | "garbage"
  | "empty-response"
  | "no-finish-reason"
  | "no-done";

/** One request and what became of it. All times are on the monotonic clock. */
export interface Exchange {
  readonly startMs: number;
  readonly endMs: number;
  /** Arrival of each chunk that carried text, in order. */
  readonly tokenTimesMs: readonly number[];
  readonly result:
    | { readonly kind: "ok"; readonly usage: Usage | undefined; readonly text: string }
    | { readonly kind: "failed"; readonly reason: FailureReason; readonly detail: string }
    /** The measurement itself ended it. */
    | { readonly kind: "cancelled" };
}

export interface ChatMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
}

/** What is asked. */
export interface Question {
  readonly messages: readonly ChatMessage[];
  readonly maxTokens: number;
}

/** Sends questions to one target. */
export interface ChatClient {
  /**
   * Asks and reads the response to its end. Never rejects: what went wrong is in the exchange.
   * @param onToken called when a chunk with text arrives
   */
  ask(question: Question, signal: AbortSignal, onToken: () => void): Promise<Exchange>;
  close(): Promise<void>;
}
