/** Turns the bytes of tokens into text, so that no character is ever split between two pieces. */
export class TextAssembler {
  readonly #decoder = new TextDecoder("utf-8", { ignoreBOM: true });

  /** The characters that are whole now; the start of an unfinished one is kept back. Bytes that are no UTF-8 become U+FFFD. */
  push(bytes: Uint8Array): string {
    return this.#decoder.decode(bytes, { stream: true });
  }

  /** What is left at the end: U+FFFD for an unfinished character. */
  flush(): string {
    return this.#decoder.decode();
  }
}
