import type { Vocabulary } from "../../engine/engine.ts";

const THINK_MARKS = ["<think>", "</think>"];
const TOOL_MARKS = [
  "<tool_call>",
  "</tool_call>",
  "<|python_tag|>",
  "<|eom_id|>",
  "<｜tool▁calls▁begin｜>",
  "<｜tool▁calls▁end｜>",
  "<｜tool▁call▁begin｜>",
  "<｜tool▁call▁end｜>",
  "<｜tool▁sep｜>",
  "[TOOL_CALLS]",
  "[ARGS]",
  "[CALL_ID]",
  "<arg_key>",
  "</arg_key>",
  "<arg_value>",
  "</arg_value>",
  "<minimax:tool_call>",
  "</minimax:tool_call>",
];

/** Of gpt-oss: they part thinking, calls and responses. Elsewhere some of them are ends of text. */
const HARMONY_MARKS = ["<|channel|>", "<|message|>", "<|start|>", "<|end|>", "<|constrain|>"];

const NOTHING = new Uint8Array(0);

/** The bytes of generated tokens. Control tokens give no text, but for those that mark thinking and calls of tools. */
export class TokenTexts {
  readonly #vocabulary: Vocabulary;
  readonly #think: ReadonlyMap<number, Uint8Array>;
  readonly #tool: ReadonlyMap<number, Uint8Array>;

  constructor(vocabulary: Vocabulary) {
    this.#vocabulary = vocabulary;
    const isHarmony = markTokens(vocabulary, HARMONY_MARKS).size === HARMONY_MARKS.length;
    this.#think = markTokens(vocabulary, isHarmony ? HARMONY_MARKS : THINK_MARKS);
    this.#tool = markTokens(vocabulary, TOOL_MARKS);
  }

  /** `marks`: which control tokens have a text. Under a grammar all have, as the grammar counts it. */
  bytes(token: number, marks: "thinking" | "tools" | "all"): Uint8Array {
    const mark = this.#think.get(token) ?? (marks === "thinking" ? undefined : this.#tool.get(token));
    if (mark !== undefined) return mark;
    if (this.#vocabulary.isEndOfText(token)) return NOTHING;
    return this.#vocabulary.tokenBytes(token, marks === "all" ? "control" : "plain");
  }
}

function markTokens(vocabulary: Vocabulary, marks: readonly string[]): ReadonlyMap<number, Uint8Array> {
  const tokens = new Map<number, Uint8Array>();
  for (const mark of marks) {
    const [token, ...more] = vocabulary.tokenize(mark, "control");
    if (token !== undefined && more.length === 0) tokens.set(token, new TextEncoder().encode(mark));
  }
  return tokens;
}
