/** What a slice of a text may take on the loop that sends heartbeats and tokens. */
export const SLICE_MS = 5;

const LEAST_CHARS = 256;
const MOST_CHARS = 32 * 1024;

/** Taken for the characters of {@link SLICE_MS} until some were seen, where a text can be cut. */
const SLOW_CHARS = 512;

/** Shorter texts say little of long ones. */
const LEAST_SEEN_CHARS = 64;

/** What a text costs however short it is, in characters: some microseconds. */
const CALL_CHARS = 32;

/** Of what was seen before, after the next slice. */
const KEPT = 0.8;

/**
 * How fast texts of a vocabulary are tokenized, as measured: 32 KiB in ten milliseconds where llama.cpp has a splitter of words written by hand, half
 * a kibibyte where std::regex finds them.
 */
export class TokenizingPace {
  #chars: number;
  #ms = SLICE_MS;

  /** What can't be cut is given a try before it is held for slow. */
  constructor(canCut: boolean) {
    this.#chars = canCut ? SLOW_CHARS : MOST_CHARS;
  }

  /** What a text of so many characters takes. */
  msOf(chars: number): number {
    return ((chars + CALL_CHARS) * this.#ms) / this.#chars;
  }

  /** Characters of a slice that takes {@link SLICE_MS}. */
  get sliceChars(): number {
    const chars = this.#ms === 0 ? MOST_CHARS : Math.floor((SLICE_MS * this.#chars) / this.#ms);
    return Math.min(MOST_CHARS, Math.max(LEAST_CHARS, chars));
  }

  saw(chars: number, ms: number): void {
    if (chars < LEAST_SEEN_CHARS) return;
    this.#chars = KEPT * this.#chars + chars;
    this.#ms = KEPT * this.#ms + ms;
  }
}
