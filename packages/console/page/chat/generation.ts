import { signal } from "@preact/signals";
import { type ChatEvent, type ChatRequest, streamChat } from "../api/chat-stream.ts";
import { anotherKey, ServerError } from "../api/server.ts";
import { newId, monotonicMs, epochMs } from "../clock.ts";
import { texts } from "../language/language.ts";
import { durationText } from "../language/numbers.ts";
import { type ResponseMessage, type Figures, newResponse, withMessage } from "./conversation.ts";
import { conversations, update } from "./conversations.ts";
import { requestOf } from "./request.ts";
import { partsOf } from "./thread/thinking.ts";

/** Each showing draws all of a response anew: a page that nobody sees does it rarely, and loses no more than this. */
const SHOW_HIDDEN_EVERY_MS = 250;

/** What a running response waits for; `writing`: it comes. */
export type Phase =
  | { readonly kind: "sent" }
  | { readonly kind: "queued"; readonly place: number }
  | { readonly kind: "prompt"; readonly readTokens: number; readonly allTokens: number }
  | { readonly kind: "writing" };

/** The running responses, by conversation. */
export const running = signal<ReadonlyMap<string, Running>>(new Map());

export interface Running {
  readonly messageId: string;
  readonly phase: Phase;
  readonly stop: () => void;
}

interface Asked {
  /** A response at the conversation's end that the model goes on writing. */
  readonly unfinished?: ResponseMessage;
  /** The response that is no longer at the conversation's end, and that this one is another version of. */
  readonly instead?: ResponseMessage;
}

/** Asks for the next response of a conversation. Never rejects. */
export async function generate(conversationId: string, { unfinished, instead }: Asked = {}): Promise<void> {
  const conversation = conversations.value.get(conversationId);
  if (conversation === undefined || running.value.has(conversationId)) return;
  const request = requestOf(conversation, unfinished !== undefined);
  const abort = new AbortController();
  const progress = new Progress(conversationId, unfinished ?? newResponse(newId(), epochMs(), instead), abort);
  try {
    for await (const event of withKey(request, abort.signal)) progress.take(event);
    progress.end({});
  } catch (error) {
    if (abort.signal.aborted) progress.end({ end: "stopped" });
    else progress.end({ end: "failed", error: textOf(error) });
  }
}

/** Asks again with the key that the user gives when there is none, or it is no longer known. */
async function* withKey(request: ChatRequest, signal: AbortSignal): AsyncGenerator<ChatEvent> {
  while (true) {
    try {
      yield* streamChat(request, signal);
      return;
    } catch (error) {
      if (!(error instanceof ServerError && error.status === 401 && (await anotherKey()))) throw error;
    }
  }
}

function textOf(error: unknown): string {
  if (!(error instanceof ServerError)) return String(error);
  const { code, message, retryAfterSeconds: seconds } = error;
  if (code === "unreachable") return code;
  return texts.value.serverSays(code, message, seconds === undefined ? "" : durationText(seconds * 1000));
}

/** One response on its way: what came so far goes into its conversation with each frame of the screen. */
class Progress {
  readonly #conversationId: string;
  readonly #startedAt = monotonicMs();
  readonly #abort: AbortController;
  #message: ResponseMessage;
  #frame = 0;
  #shownAt = 0;
  /** Tokens as far as events tell; the usage at the end says it exactly. */
  #countedTokens = 0;
  /** Of the thinking that is gone on with. */
  #earlierThinkingMs = 0;

  constructor(conversationId: string, message: ResponseMessage, abort: AbortController) {
    this.#conversationId = conversationId;
    this.#abort = abort;
    const { error: _, figures, ...rest } = message;
    const { thinkingMs } = figures;
    this.#message = { ...rest, end: "running", workers: [], figures: {} };
    if (thinkingMs !== undefined && partsOf(message).content.trim() === "") this.#earlierThinkingMs = thinkingMs;
    else if (thinkingMs !== undefined) this.#figure({ thinkingMs });
    this.#setPhase({ kind: "sent" });
    this.#show();
  }

  take(event: ChatEvent): void {
    const message = this.#message;
    switch (event.kind) {
      case "accepted":
        this.#message = { ...message, requestId: event.requestId };
        return;
      case "worker":
        this.#message = { ...message, workers: [...message.workers, event.worker] };
        if (event.isNext) this.#showSoon();
        return;
      case "queued":
        this.#setPhase({ kind: "queued", place: event.place });
        return;
      case "prompt":
        this.#setPhase(event);
        return;
      case "delta":
        this.#takeDelta(event);
        return;
      case "usage":
        this.#figure(event.usage);
        return;
      case "finish":
        this.#message = { ...message, end: event.reason === "length" ? "length" : message.end };
    }
  }

  end(change: Partial<Pick<ResponseMessage, "end" | "error">>): void {
    if (this.#message.figures.completionTokens === undefined) this.#figure({ completionTokens: this.#countedTokens });
    this.#figure({ totalMs: this.#elapsed() });
    this.#timeThinking();
    const { end } = this.#message;
    this.#message = { ...this.#message, end: end === "running" ? "done" : end, ...change };
    this.#show();
    const rest = new Map(running.value);
    rest.delete(this.#conversationId);
    running.value = rest;
  }

  #takeDelta({ content, reasoning, model }: Extract<ChatEvent, { kind: "delta" }>): void {
    const before = this.#message;
    if (this.#countedTokens === 0) {
      this.#setPhase({ kind: "writing" });
      this.#figure({ firstTokenMs: this.#elapsed() });
    }
    this.#countedTokens += 1;
    const message = { ...this.#message, content: before.content + content, reasoning: before.reasoning + reasoning };
    this.#message = { ...message, model };
    if (!partsOf(this.#message).isThinking) this.#timeThinking();
    this.#showSoon();
  }

  /** The thinking is over, or broken off. */
  #timeThinking(): void {
    const { thinkingMs, firstTokenMs } = this.#message.figures;
    if (thinkingMs !== undefined || partsOf(this.#message).reasoning === "") return;
    const elapsedMs = this.#elapsed();
    const allMs = this.#earlierThinkingMs + elapsedMs - (firstTokenMs ?? elapsedMs);
    if (allMs > 0) this.#figure({ thinkingMs: allMs });
  }

  #figure(figures: Figures): void {
    this.#message = { ...this.#message, figures: { ...this.#message.figures, ...figures } };
  }

  #elapsed(): number {
    return monotonicMs() - this.#startedAt;
  }

  #setPhase(phase: Phase): void {
    const stop = () => this.#abort.abort();
    const state = { messageId: this.#message.id, phase, stop };
    running.value = new Map(running.value).set(this.#conversationId, state);
  }

  /** A page that nobody sees has no next frame, and what came is to be kept all the same. */
  #showSoon(): void {
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#show());
    if (document.hidden && monotonicMs() - this.#shownAt >= SHOW_HIDDEN_EVERY_MS) this.#show();
  }

  #show(): void {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#shownAt = monotonicMs();
    update(this.#conversationId, (conversation) => withMessage(conversation, this.#message, epochMs()));
  }
}
