import type { OutputPiece } from "./output.ts";

/** Writes thinking as content between its tags, for clients that want the text as the model wrote it. */
export class ThinkingTags {
  #isOpen = false;

  write(pieces: readonly OutputPiece[]): readonly OutputPiece[] {
    return pieces.map((piece) => {
      if (piece.kind === "reasoning") return { kind: "content", text: this.#opened() + piece.text };
      if (piece.kind !== "content") return piece;
      const text = this.#isOpen ? `\n</think>\n\n${piece.text}` : piece.text;
      this.#isOpen = false;
      return { kind: "content", text };
    });
  }

  #opened(): string {
    if (this.#isOpen) return "";
    this.#isOpen = true;
    return "<think>\n";
  }
}
