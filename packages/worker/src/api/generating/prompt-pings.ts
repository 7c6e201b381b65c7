import { pingTimes } from "@drover/contract/ping-times";
import { type Clock, repeat } from "@drover/foundation/clock";
import type { PromptProgress } from "../../generation/output/output.ts";
import type { SseStream } from "../http/sse-stream.ts";

/** A stream whose first token is not there yet. */
export interface WaitingStream {
  readonly stream: SseStream;
  /** The event for a client that asked for `return_progress`. */
  readonly eventOf?: ((progress: PromptProgress, timeMs: number) => string) | undefined;
}

/** Tells a client that waits for its first token how much of the prompt is read: in comments, and where it asked for them in events. */
export class PromptPings {
  readonly #clock: Pick<Clock, "monotonicMs">;
  readonly #waiting: WaitingStream;
  readonly #beganMs: number;
  readonly #stopRepeat: () => void;
  #isStopped = false;
  #progress: PromptProgress;

  constructor(clock: Pick<Clock, "after" | "every" | "monotonicMs">, waiting: WaitingStream, promptTokens: number) {
    this.#clock = clock;
    this.#waiting = waiting;
    this.#beganMs = clock.monotonicMs();
    this.#progress = { prompt: promptTokens, cached: 0, read: 0 };
    this.#stopRepeat = waiting.stream.takesComments ? repeat(clock, pingTimes, () => this.#say()) : () => undefined;
  }

  /** A part of the prompt was read. */
  read(progress: PromptProgress): void {
    if (this.#isStopped) return;
    this.#progress = progress;
    const { stream, eventOf } = this.#waiting;
    if (eventOf !== undefined) stream.interject(eventOf(progress, this.#clock.monotonicMs() - this.#beganMs));
  }

  /** The first token is there. A stream that is resumed waits until there is one that its client lacks. */
  onToken(): void {
    if (!this.#waiting.stream.isWaiting) this.stop();
  }

  stop(): void {
    this.#isStopped = true;
    this.#stopRepeat();
  }

  #say(): void {
    const { read, prompt } = this.#progress;
    this.#waiting.stream.comment(`prompt ${read}/${prompt}`);
  }
}

/** llama.cpp's `prompt_progress`. */
export function progressOf({ prompt, cached, read }: PromptProgress, timeMs: number) {
  return { total: prompt, cache: cached, processed: read, time_ms: Math.round(timeMs) };
}
