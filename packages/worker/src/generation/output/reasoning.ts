import type { OutputPiece } from "./output.ts";
import { longestOpenEnd } from "./stop-matcher.ts";

const OPEN = "<think>";
const CLOSE = "</think>";

/**
 * How `<think>` parts are treated. `inside`: the prompt's end already opened one, as DeepSeek-R1's template does. `continued`: it ends amid one. `closed`:
 * it opened and closed one. `off`: they are text like any other.
 */
export type ReasoningStart = "off" | "may-open" | "inside" | "continued" | "closed";

export interface SplitText {
  readonly reasoning: string;
  readonly content: string;
}

/** Parts a stream of text in reasoning and content. White space around the tags belongs to neither. */
export class ReasoningSplitter {
  #state: "before" | "inside" | "after";
  #held = "";
  /** White space is left out at the beginning of thinking, and of content that follows it. */
  #trimming: boolean;

  constructor(start: ReasoningStart) {
    const isInside = start === "inside" || start === "continued";
    this.#state = isInside ? "inside" : start === "off" ? "after" : "before";
    this.#trimming = start === "inside" || start === "closed";
  }

  get isInside(): boolean {
    return this.#state === "inside";
  }

  get heldLength(): number {
    return this.#held.length;
  }

  push(text: string): SplitText {
    let rest = this.#held + text;
    this.#held = "";
    if (this.#state === "before") {
      const opened = this.#open(rest);
      if (opened === undefined) return { reasoning: "", content: "" };
      rest = opened;
    }
    if (this.#state === "inside") return this.#inside(rest);
    return { reasoning: "", content: this.#trimStart(rest) };
  }

  /** What is held back at the end of the generation. */
  flush(): SplitText {
    const held = this.#held;
    this.#held = "";
    if (this.#state === "inside") return { reasoning: held.trimEnd(), content: "" };
    return { reasoning: "", content: this.#trimStart(held) };
  }

  /** Undefined while it is not decided whether the text begins with the tag. */
  #open(text: string): string | undefined {
    const start = text.trimStart();
    if (start.startsWith(OPEN)) {
      this.#state = "inside";
      this.#trimming = true;
      return start.slice(OPEN.length);
    }
    if (OPEN.startsWith(start)) {
      this.#held = text;
      return undefined;
    }
    this.#state = "after";
    return text;
  }

  #inside(text: string): SplitText {
    const end = text.indexOf(CLOSE);
    if (end !== -1) {
      const reasoning = this.#trimStart(text.slice(0, end)).trimEnd();
      // Another part may follow at once.
      this.#state = "before";
      this.#trimming = true;
      const rest = this.push(text.slice(end + CLOSE.length));
      return { reasoning: reasoning + rest.reasoning, content: rest.content };
    }
    // White space before the tag is held too: it would be reasoning only if more of it follows.
    const open = longestOpenEnd(text, [CLOSE]);
    const sure = text.slice(0, text.length - open).trimEnd();
    this.#held = text.slice(sure.length);
    return { reasoning: this.#trimStart(sure), content: "" };
  }

  #trimStart(text: string): string {
    if (!this.#trimming) return text;
    const trimmed = text.trimStart();
    if (trimmed !== "") this.#trimming = false;
    return trimmed;
  }
}

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
