import { ask, readEnvelope, ServerError } from "./server.ts";
import { SseParser, type StreamPart } from "./sse-parser.ts";

/** A message as the API takes it. */
export interface ApiMessage {
  readonly role: "system" | "user" | "assistant";
  readonly content: string;
  /** Of a response that is continued. */
  readonly reasoning_content?: string;
}

/** The body of `POST /v1/chat/completions`, as far as the page fills it. */
export interface ChatRequest {
  readonly messages: readonly ApiMessage[];
  readonly temperature?: number;
  readonly top_p?: number;
  readonly max_tokens?: number;
  readonly seed?: number;
  /** Continues the last message, a response; vLLM's names, which Drover's workers take too. */
  readonly continue_final_message?: boolean;
  readonly add_generation_prompt?: boolean;
}

export interface Usage {
  readonly promptTokens: number;
  readonly cachedTokens: number;
  readonly completionTokens: number;
}

/** What comes of a chat, in order. */
export type ChatEvent =
  | { readonly kind: "accepted"; readonly requestId: string }
  /** `isNext`: the one before it has died. */
  | { readonly kind: "worker"; readonly worker: string; readonly isNext: boolean }
  | { readonly kind: "queued"; readonly place: number }
  | { readonly kind: "prompt"; readonly readTokens: number; readonly allTokens: number }
  | { readonly kind: "delta"; readonly content: string; readonly reasoning: string; readonly model: string }
  | { readonly kind: "usage"; readonly usage: Usage }
  | { readonly kind: "finish"; readonly reason: string };

/**
 * Streams one response. Ends normally only after `[DONE]`.
 * @throws ServerError, also for an error event and for a stream that breaks off; DOMException `AbortError`
 */
export async function* streamChat(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatEvent> {
  const response = await ask("v1/chat/completions", {
    method: "POST",
    body: { ...request, stream: true, stream_options: { include_usage: true } },
    // Comments in the stream then tell the position in the queue and which worker responds.
    headers: { "x-drover-queue-events": "1" },
    signal,
  });
  yield { kind: "accepted", requestId: response.headers.get("x-request-id") ?? "" };
  const worker = response.headers.get("x-drover-worker");
  if (worker !== null) yield { kind: "worker", worker, isNext: false };
  for await (const part of partsOf(response, signal)) {
    if (part.kind === "comment") yield* fromComment(part.text);
    else if (part.data === "[DONE]") return;
    else yield* fromEvent(part.name, part.data);
  }
  throw brokenOff();
}

/** Each browser has another message for it; the page has one for all. */
function brokenOff(): ServerError {
  return new ServerError(0, "broken_off", "the connection broke off");
}

async function* partsOf(response: Response, signal: AbortSignal): AsyncGenerator<StreamPart> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  if (reader === undefined) return;
  const parser = new SseParser();
  try {
    while (true) {
      const { done, value } = await reader.read().catch((cause: unknown) => {
        throw signal.aborted ? cause : brokenOff();
      });
      if (done) return;
      yield* parser.push(value);
    }
  } finally {
    void reader.cancel().catch(() => undefined);
  }
}

/** Comments of Drover's: `queue 3`, `prompt 120/900`, `worker 2`, `resumed 2`. Others are pings. */
function* fromComment(text: string): Generator<ChatEvent> {
  const [word, value = ""] = text.split(" ");
  if (word === "queue") yield { kind: "queued", place: Number(value) };
  else if (word === "worker") yield { kind: "worker", worker: value, isNext: false };
  else if (word === "resumed") yield { kind: "worker", worker: value, isNext: true };
  else if (word === "prompt") {
    const [readTokens = 0, allTokens = 0] = value.split("/").map(Number);
    if (allTokens > 0) yield { kind: "prompt", readTokens, allTokens };
  }
}

interface Chunk {
  readonly model?: string;
  readonly choices?: readonly {
    readonly delta?: { readonly content?: string | null; readonly reasoning_content?: string | null };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: {
    readonly prompt_tokens?: number;
    readonly completion_tokens?: number;
    readonly prompt_tokens_details?: { readonly cached_tokens?: number };
  } | null;
}

function* fromEvent(name: string, data: string): Generator<ChatEvent> {
  const failure = readEnvelope(data);
  if (failure !== undefined || name === "error") {
    throw new ServerError(200, failure?.code ?? "", failure?.message ?? data);
  }
  const chunk = parse(data);
  const { usage } = chunk;
  const choice = chunk.choices?.[0];
  const content = choice?.delta?.content ?? "";
  const reasoning = choice?.delta?.reasoning_content ?? "";
  if (content !== "" || reasoning !== "") yield { kind: "delta", content, reasoning, model: chunk.model ?? "" };
  if (typeof choice?.finish_reason === "string") yield { kind: "finish", reason: choice.finish_reason };
  if (usage !== null && usage !== undefined) {
    const { prompt_tokens: promptTokens = 0, completion_tokens: completionTokens = 0 } = usage;
    const cachedTokens = usage.prompt_tokens_details?.cached_tokens ?? 0;
    yield { kind: "usage", usage: { promptTokens, completionTokens, cachedTokens } };
  }
}

function parse(data: string): Chunk {
  try {
    return JSON.parse(data) as Chunk;
  } catch {
    throw new ServerError(0, "broken_off", `the server sent an event that is no JSON: ${data.slice(0, 80)}`);
  }
}
