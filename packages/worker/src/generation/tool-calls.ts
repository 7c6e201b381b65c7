import type { OutputPiece } from "./output.ts";

/** Finds calls of tools in an answer's text. */
export interface ToolCallParser {
  /** Characters that are not decided yet. */
  readonly heldLength: number;
  /** Did the answer call a tool so far? */
  readonly called: boolean;
  push(text: string): OutputPiece[];
  flush(): OutputPiece[];
}
