/** Text that may go out, and the stop string that was met, if one was: nothing goes out after it. */
export interface StopMatch {
  readonly text: string;
  readonly stopped?: string;
}

/**
 * Finds stop strings in a stream of text. A text that may be the beginning of a stop string is held back until it is
 * decided, so that no part of one ever goes out. Where several match, the one that begins first wins, then the longest.
 */
export class StopMatcher {
  readonly #stops: readonly string[];
  #held = "";

  constructor(stops: readonly string[]) {
    this.#stops = stops;
  }

  get heldLength(): number {
    return this.#held.length;
  }

  push(text: string): StopMatch {
    if (this.#stops.length === 0) return { text };
    const all = this.#held + text;
    const match = this.#firstMatch(all);
    if (match !== undefined) {
      this.#held = "";
      return { text: all.slice(0, match.start), stopped: match.stop };
    }
    const keep = longestOpenEnd(all, this.#stops);
    this.#held = all.slice(all.length - keep);
    return { text: all.slice(0, all.length - keep) };
  }

  /** The held text: the generation ended, so it was no stop string. */
  flush(): string {
    const held = this.#held;
    this.#held = "";
    return held;
  }

  #firstMatch(all: string): { readonly start: number; readonly stop: string } | undefined {
    let best: { readonly start: number; readonly stop: string } | undefined;
    for (const stop of this.#stops) {
      const start = all.indexOf(stop);
      if (start === -1) continue;
      if (best === undefined || start < best.start || (start === best.start && stop.length > best.stop.length)) {
        best = { start, stop };
      }
    }
    return best;
  }
}

/** Length of the longest end of `text` that is a proper beginning of one of `marks`. */
export function longestOpenEnd(text: string, marks: readonly string[]): number {
  let longest = 0;
  for (const mark of marks) {
    for (let length = Math.min(mark.length - 1, text.length); length > longest; length--) {
      if (text.endsWith(mark.slice(0, length))) longest = length;
    }
  }
  return longest;
}
