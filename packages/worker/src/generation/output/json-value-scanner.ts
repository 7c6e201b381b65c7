/** Follows one JSON value character by character, to find where it ends. Knows nothing of its validity inside. */
export class JsonValueScanner {
  #depth = 0;
  #inString = false;
  #escaped = false;
  #started = false;

  /** Does the value go on with this character? False: it ended before it (a number) or `isComplete` was true already. */
  accepts(char: string): boolean {
    if (this.isComplete) return false;
    if (this.#started && this.#isScalar && /[\s,}\]]/u.test(char)) return false;
    this.#follow(char);
    this.#started = true;
    return true;
  }

  /** A string, an object or an array that has ended. Numbers and words end by what comes after them. */
  get isComplete(): boolean {
    return this.#ended;
  }

  #ended = false;
  #isScalar = false;

  #follow(char: string): void {
    if (this.#inString) {
      if (this.#escaped) this.#escaped = false;
      else if (char === "\\") this.#escaped = true;
      else if (char === '"') {
        this.#inString = false;
        this.#ended = this.#depth === 0;
      }
      return;
    }
    if (char === '"') this.#inString = true;
    else if (char === "{" || char === "[") this.#depth += 1;
    else if (char === "}" || char === "]") {
      this.#depth -= 1;
      this.#ended = this.#depth <= 0;
    } else if (this.#depth === 0) this.#isScalar = true;
  }
}
