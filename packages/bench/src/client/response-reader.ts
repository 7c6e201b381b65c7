import type { Exchange, FailureReason, Usage } from "./exchange.ts";

interface Chunk {
  readonly choices?: readonly {
    readonly delta?: {
      readonly content?: string | null;
      readonly reasoning_content?: string | null;
      readonly tool_calls?: readonly unknown[];
    };
    readonly text?: string | null;
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: {
    readonly prompt_tokens?: number;
    readonly completion_tokens?: number;
    readonly prompt_tokens_details?: { readonly cached_tokens?: number } | null;
  } | null;
  readonly error?: unknown;
}

/** Collects one streamed response from the `data:` values of its stream, and judges it. */
export interface ResponseReader {
  data(value: string): void;
  readonly tokenTimesMs: readonly number[];
  /** To be asked once, after the stream's end. A response is a success only when it is complete. */
  result(): Exchange["result"];
}

export function createResponseReader(nowMs: () => number, onToken: () => void): ResponseReader {
  const tokenTimesMs: number[] = [];
  let text = "";
  let usage: Usage | undefined;
  let finished = false;
  let done = false;
  let failure: readonly [FailureReason, string] | undefined;
  const read = (chunk: Chunk) => {
    if (chunk.error !== undefined && chunk.error !== null) failure ??= ["error-event", messageOf(chunk.error)];
    if (chunk.usage !== undefined && chunk.usage !== null) usage = usageOf(chunk.usage);
    const choice = chunk.choices?.[0];
    if (choice === undefined) return;
    if (typeof choice.finish_reason === "string") finished = true;
    const piece = choice.delta?.content ?? choice.text ?? "";
    const other = choice.delta?.reasoning_content ?? "";
    if (piece === "" && other === "" && (choice.delta?.tool_calls?.length ?? 0) === 0) return;
    text += piece;
    tokenTimesMs.push(nowMs());
    onToken();
  };
  return {
    tokenTimesMs,
    data(value) {
      if (value === "[DONE]") {
        done = true;
        return;
      }
      try {
        read(JSON.parse(value) as Chunk);
      } catch {
        failure ??= ["garbage", value.slice(0, 80)];
      }
    },
    result() {
      failure ??= missing(tokenTimesMs.length, finished, done);
      if (failure === undefined) return { kind: "ok", usage, text };
      return { kind: "failed", reason: failure[0], detail: failure[1] };
    },
  };
}

function missing(tokens: number, finished: boolean, done: boolean): readonly [FailureReason, string] | undefined {
  if (tokens === 0) return ["empty-response", "the stream ended without a token"];
  if (!finished) return ["no-finish-reason", "the stream ended without a finish_reason"];
  if (!done) return ["no-done", "the stream ended without [DONE]"];
  return undefined;
}

function usageOf(usage: NonNullable<Chunk["usage"]>): Usage {
  return {
    promptTokens: usage.prompt_tokens ?? 0,
    cachedTokens: usage.prompt_tokens_details?.cached_tokens ?? 0,
    completionTokens: usage.completion_tokens ?? 0,
  };
}

/** The message of an OpenAI error object, or whatever it is, shortened. */
export function messageOf(error: unknown): string {
  if (typeof error === "object" && error !== null && "message" in error && typeof error.message === "string")
    return error.message;
  return (JSON.stringify(error) ?? "unknown error").slice(0, 200);
}
