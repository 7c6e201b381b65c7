import type { PromptSource, ReportedGeneration } from "@drover/contract/request-report";

/** A prompt of many thousand tokens is read in hundreds of pieces; these are enough to see how. */
const MOST_PIECES = 256;

/** How one generation goes, from its slot on: for the report about its request. Times are on the worker's monotonic clock. */
export class GenerationTimeline {
  readonly #slot: number;
  readonly #source: PromptSource;
  readonly cachedTokens: number;
  readonly #askedMs: number;
  readonly #beganMs: number;
  readonly #pieces: number[] = [];
  readonly #steps: Record<string, number> = {};
  #firstTokenMs: number | undefined;
  #lastTokenMs: number | undefined;

  constructor(slot: number, start: { source: PromptSource; cachedTokens: number; askedMs: number; beganMs: number }) {
    this.#slot = slot;
    this.#source = start.source;
    this.cachedTokens = start.cachedTokens;
    this.#askedMs = start.askedMs;
    this.#beganMs = start.beganMs;
  }

  /** A piece of its prompt was read. */
  read(tokens: number): void {
    if (this.#pieces.length < MOST_PIECES) this.#pieces.push(tokens);
  }

  /** It took part in a step of so many sequences. */
  stepped(sequences: number): void {
    this.#steps[sequences] = (this.#steps[sequences] ?? 0) + 1;
  }

  tokenAt(nowMs: number): void {
    this.#firstTokenMs ??= nowMs;
    this.#lastTokenMs = nowMs;
  }

  report(nowMs: number): ReportedGeneration {
    const ago = (atMs: number) => Math.round(10 * (nowMs - atMs)) / 10;
    return {
      slot: this.#slot,
      source: this.#source,
      cachedTokens: this.cachedTokens,
      pieces: [...this.#pieces],
      steps: { ...this.#steps },
      ago: {
        asked: ago(this.#askedMs),
        began: ago(this.#beganMs),
        ...(this.#firstTokenMs !== undefined && { firstToken: ago(this.#firstTokenMs) }),
        ...(this.#lastTokenMs !== undefined && { lastToken: ago(this.#lastTokenMs) }),
      },
    };
  }
}
