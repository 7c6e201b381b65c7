/**
 * Of the time while responses run, prompts may take this share in the long run. With half of it a long prompt beside running
 * responses takes twice as long as alone, and short ones wait for it too; with more than this responses hardly move.
 */
const SHARE = 5 / 6;

/** A burst is read as fast as the longest pause allows: each newcomer fills a slot, and one long prompt is read in its time. */
const BURST_MS = 20_000;

/** Keeps account of how long running responses have paused, and of how much of their time went into prompts. */
export class PromptShare {
  #creditMs = BURST_MS;
  #tokenAtMs = 0;
  #hasRead = false;

  /** What prompts may take; used up at 0. */
  get creditMs(): number {
    return this.#creditMs;
  }

  /** Whether a prompt was read since the last token of running responses. */
  get hasRead(): boolean {
    return this.#hasRead;
  }

  pausedMs(nowMs: number): number {
    return nowMs - this.#tokenAtMs;
  }

  /** Each running response had a token. */
  decoded(tookMs: number, nowMs: number): void {
    this.#creditMs = Math.min(BURST_MS, this.#creditMs + (tookMs * SHARE) / (1 - SHARE));
    this.#tokenAtMs = nowMs;
    this.#hasRead = false;
  }

  /** A piece of a prompt was read. @param beside responses that waited meanwhile */
  read(tookMs: number, beside: number, nowMs: number): void {
    if (beside > 0) {
      this.#creditMs -= tookMs;
      this.#hasRead = true;
      return;
    }
    this.#creditMs = Math.min(BURST_MS, this.#creditMs + tookMs);
    this.#tokenAtMs = nowMs;
    this.#hasRead = false;
  }
}
