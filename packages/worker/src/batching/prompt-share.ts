import type { WaitingPrompt } from "./scheduler.ts";

/**
 * Of the time while responses run, prompts may take this share in the long run. With half of it a long prompt beside running
 * responses takes twice as long as alone, and short ones wait for it too; with more than this responses hardly move.
 */
const SHARE = 5 / 6;

/** A burst is read as fast as the longest pause allows: each newcomer fills a slot, and one long prompt is read in its time. */
const BURST_MS = 20_000;

/**
 * Of the time of other owners' responses, an owner's prompts may take half in the long run, however many they are, and so much at once: one prompt of
 * some hundred tokens is read in its time.
 */
const BURST_BESIDE_OTHERS_MS = 5000;

/** Whose prompt is read, and whether responses of others wait meanwhile. */
export interface PromptReader {
  readonly owner: string;
  readonly isBesideOthers: boolean;
}

/** Keeps account of how long running responses have paused, and of how much of their time went into prompts. */
export class PromptShare {
  #creditMs = BURST_MS;
  #tokenAtMs = 0;
  #hasRead = false;
  /** Reading of owners that have had more of it than the level. */
  readonly #readMs = new Map<string, number>();
  /** What the owner had had whose prompt was read last: who comes anew begins there. Start-time fair queueing (Goyal, Vin and Cheng, 1996). */
  #levelMs = 0;
  /** What owners' prompts have taken of the time of others' responses. */
  readonly #takenMs = new Map<string, number>();

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

  /** Between owners, for the scheduler. */
  ofOwner({ owner, isBesideOthers }: PromptReader): Pick<WaitingPrompt, "ownerReadMs" | "besideOthersMs"> {
    const ownerReadMs = this.#hadMs(owner);
    return isBesideOthers
      ? { ownerReadMs, besideOthersMs: BURST_BESIDE_OTHERS_MS - (this.#takenMs.get(owner) ?? 0) }
      : { ownerReadMs };
  }

  /** Each running response had a token. */
  decoded(tookMs: number, nowMs: number): void {
    this.#creditMs = Math.min(BURST_MS, this.#creditMs + (tookMs * SHARE) / (1 - SHARE));
    this.#giveBack(tookMs);
    this.#tokenAtMs = nowMs;
    this.#hasRead = false;
  }

  /** A piece of a prompt was read. @param beside responses that waited meanwhile; `reader` is absent where nobody had asked for it */
  read(tookMs: number, beside: number, nowMs: number, reader?: PromptReader): void {
    if (reader !== undefined) this.#charge(tookMs, reader);
    if (beside > 0) {
      this.#creditMs -= tookMs;
      this.#hasRead = true;
      return;
    }
    this.#creditMs = Math.min(BURST_MS, this.#creditMs + tookMs);
    this.#giveBack(tookMs);
    this.#tokenAtMs = nowMs;
    this.#hasRead = false;
  }

  #hadMs(owner: string): number {
    return Math.max(this.#levelMs, this.#readMs.get(owner) ?? 0);
  }

  #charge(tookMs: number, { owner, isBesideOthers }: PromptReader): void {
    this.#levelMs = this.#hadMs(owner);
    this.#readMs.set(owner, this.#levelMs + tookMs);
    for (const [other, hadMs] of this.#readMs) if (hadMs <= this.#levelMs) this.#readMs.delete(other);
    if (isBesideOthers) this.#takenMs.set(owner, (this.#takenMs.get(owner) ?? 0) + tookMs);
  }

  /** Responses had this time, or nobody needed it. */
  #giveBack(ms: number): void {
    for (const [owner, takenMs] of this.#takenMs) {
      if (takenMs > ms) this.#takenMs.set(owner, takenMs - ms);
      else this.#takenMs.delete(owner);
    }
  }
}
