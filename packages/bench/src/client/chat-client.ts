import { type Dispatcher, errors, Pool } from "undici";
import type { Clock } from "@drover/foundation/clock";
import { jsonOf } from "@drover/foundation/json-text";
import { createResponseReader, messageOf } from "./response-reader.ts";
import type { ChatClient, Exchange, FailureReason, Question } from "./exchange.ts";
import { createLineScanner } from "./line-scanner.ts";

export interface ChatClientOptions {
  /** `http://HOST:PORT`, with or without `/v1`. */
  readonly url: string;
  /** Put behind the path, such as `?trace=1`. */
  readonly query?: string | undefined;
  readonly apiKey?: string | undefined;
  readonly model: string;
  /** Longest silence before a response's first byte and between two of its bytes. */
  readonly timeoutMs: number;
  /** Sent with every request: `temperature`, `ignore_eos`, … */
  readonly extra?: Readonly<Record<string, unknown>> | undefined;
  readonly clock: Clock;
}

/**
 * Streams chats over undici's dispatcher itself: no stream objects and no promise for each chunk, so that the client is
 * not what is measured.
 */
export function createChatClient(options: ChatClientOptions): ChatClient {
  const url = new URL(options.url);
  const path = `${url.pathname.replace(/\/$/, "").replace(/\/v1$/, "")}/v1/chat/completions${options.query ?? ""}`;
  const pool = new Pool(url.origin, {
    // One connection a user, as real clients have; pipelining would let one response hold up another.
    connections: null,
    pipelining: 1,
    headersTimeout: options.timeoutMs,
    bodyTimeout: options.timeoutMs,
  });
  const headers = {
    "content-type": "application/json",
    accept: "text/event-stream",
    ...(options.apiKey === undefined ? {} : { authorization: `Bearer ${options.apiKey}` }),
  };
  return {
    ask: (question, signal, onToken) =>
      new Promise((resolve) => {
        const body = bodyOf(question, options);
        const handler = createHandler(options.clock, signal, onToken, resolve);
        pool.dispatch({ path, method: "POST", headers, body }, handler);
      }),
    close: () => pool.destroy(),
  };
}

function bodyOf(question: Question, options: ChatClientOptions): string {
  return JSON.stringify({
    ...options.extra,
    model: options.model,
    messages: question.messages,
    max_tokens: question.maxTokens,
    stream: true,
    stream_options: { include_usage: true },
  });
}

function createHandler(
  clock: Clock,
  signal: AbortSignal,
  onToken: () => void,
  resolve: (exchange: Exchange) => void,
): Dispatcher.DispatchHandler {
  const startMs = clock.monotonicMs();
  const reader = createResponseReader(() => clock.monotonicMs(), onToken);
  const scan = createLineScanner((value) => reader.data(value));
  let status = 0;
  let errorBody = "";
  let abort: (() => void) | undefined;
  const end = (result: Exchange["result"]) => {
    if (abort !== undefined) signal.removeEventListener("abort", abort);
    resolve({ startMs, endMs: clock.monotonicMs(), tokenTimesMs: reader.tokenTimesMs, result });
  };
  return {
    onRequestStart(controller) {
      abort = () => controller.abort(new Error("the measurement ended"));
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort);
    },
    onResponseStart(_controller, statusCode) {
      status = statusCode;
    },
    onResponseData(_controller, chunk) {
      if (status === 200) scan(chunk);
      else if (errorBody.length < 4096) errorBody += chunk.toString();
    },
    onResponseEnd() {
      end(status === 200 ? reader.result() : failed(`http-${status}`, errorMessage(errorBody)));
    },
    onResponseError(_controller, error) {
      end(signal.aborted ? { kind: "cancelled" } : failed(reasonOf(error), error.message));
    },
  };
}

function failed(reason: FailureReason, detail: string): Exchange["result"] {
  return { kind: "failed", reason, detail };
}

function errorMessage(body: string): string {
  const parsed = jsonOf(body) as { readonly error?: unknown } | null | undefined;
  if (parsed === undefined) return body.slice(0, 200);
  return messageOf(parsed?.error ?? parsed);
}

function reasonOf(error: Error & { readonly code?: string }): FailureReason {
  const code = error.code ?? "";
  if (code === "ECONNREFUSED" || code === "ENOTFOUND" || code === "EAI_AGAIN" || code === "EHOSTUNREACH")
    return "refused";
  if (code.endsWith("TIMEOUT") || code === "ETIMEDOUT") return "timeout";
  // The parser's code is sometimes absent; its class never is.
  if (error instanceof errors.HTTPParserError) return "not-http";
  return "reset";
}
