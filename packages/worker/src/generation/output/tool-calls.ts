import { BROKEN, CallObject, type CallStep } from "./call-object.ts";
import { MistralCall } from "./mistral-call.ts";
import { type ArgumentTypes, TaggedCall, ToolCallElement } from "./tagged-call.ts";
import { DeepSeekCall } from "./deepseek-call.ts";
import type { OutputPiece } from "./output.ts";
import { longestOpenEnd } from "./stop-matcher.ts";

/** How a model writes its calls of tools. */
export type ToolFormat =
  | "hermes"
  | "llama3"
  | "deepseek"
  | "qwen-coder"
  | "glm"
  | "minimax"
  | "mistral"
  | "mistral-list"
  | "harmony";

/** Where calls begin and end in a format. */
interface Marks {
  /** What precedes a call. */
  readonly open: readonly string[];
  /** What may follow a call, besides white space and another call. */
  readonly close: readonly string[];
  /** Is an object that stands at the very beginning a call too? */
  readonly bare: boolean;
  /** Is one that follows a call? @default as `bare` */
  readonly bareAfter?: boolean;
}

const DEEPSEEK_OPEN = ["<｜tool▁call▁begin｜>", "<｜tool▁calls▁begin｜>"];

/** DeepSeek's distilled models were trained on one way, and are told of the other where their template knows no tools. */
const TAGS: Marks = {
  open: ["<tool_call>", ...DEEPSEEK_OPEN],
  close: ["</tool_call>", "```", "<｜tool▁call▁end｜>", "<｜tool▁calls▁end｜>"],
  bare: false,
};

const MISTRAL: Marks = { open: ["[TOOL_CALLS]"], close: [",", "]"], bare: false, bareAfter: true };

const MARKS: Readonly<Record<ToolFormat, Marks>> = {
  hermes: TAGS,
  deepseek: TAGS,
  // As `HarmonyText` writes it.
  harmony: TAGS,
  "qwen-coder": { ...TAGS, open: [...TAGS.open, "<function="] },
  glm: TAGS,
  minimax: { open: ["<minimax:tool_call>", "<invoke "], close: ["</minimax:tool_call>"], bare: false },
  mistral: MISTRAL,
  "mistral-list": MISTRAL,
  llama3: { open: ["<|python_tag|>"], close: [";", "<|eom_id|>"], bare: true },
};

interface CallReader {
  push(char: string): CallStep;
}

/** Finds calls of tools in a response's text. What turns out to be no call is content. */
export class ToolCallParser {
  readonly #marks: Marks;
  readonly #names: ReadonlySet<string>;
  readonly #newId: () => string;
  readonly #typesOf: ArgumentTypes;
  readonly #format: ToolFormat;
  #state: "text" | "call" | "after" = "text";
  #held = "";
  #wrote = false;
  #call: CallReader | undefined;
  /** The text of the call so far, while it has no name. */
  #callText = "";
  #isNamed = false;
  #count = 0;

  /**
   * @param names the tools there are; an object that merely stands in the text is a call only with one of them
   * @param typesOf what the tools' schemas say of their arguments, for formats that write them without quotes
   */
  constructor(
    format: ToolFormat,
    names: ReadonlySet<string>,
    newId: () => string,
    typesOf: ArgumentTypes = () => undefined,
  ) {
    this.#typesOf = typesOf;
    this.#format = format;
    this.#names = names;
    this.#marks = MARKS[format];
    this.#newId = newId;
  }

  /** Characters that are not decided yet. */
  get heldLength(): number {
    return this.#held.length + (this.#isNamed ? 0 : this.#callText.length);
  }

  /** The text of a call that has begun with its mark and has no name yet. */
  get opening(): string | undefined {
    return this.#state === "call" && !this.#isNamed && !this.#callText.startsWith("{") ? this.#callText : undefined;
  }

  /** Did the response call a tool so far? */
  get called(): boolean {
    return this.#count > 0;
  }

  push(text: string): OutputPiece[] {
    const pieces: OutputPiece[] = [];
    let rest = this.#held + text;
    this.#held = "";
    while (rest !== "") {
      const left = this.#state === "call" ? this.#readCall(rest, pieces) : this.#readText(rest, pieces);
      if (left === undefined) break;
      rest = left;
    }
    return joined(pieces);
  }

  flush(): OutputPiece[] {
    const text = (this.#isNamed ? "" : this.#callText) + this.#held;
    const isNoise = this.#state === "after" && text.trim() === "";
    this.#held = "";
    this.#callText = "";
    return text === "" || isNoise ? [] : [{ kind: "content", text }];
  }

  /** What is left of `text`; undefined: all of it was read or is held. */
  #readText(text: string, pieces: OutputPiece[]): string | undefined {
    const start = text.trimStart();
    const { bare, bareAfter = bare } = this.#marks;
    if ((this.#state === "after" ? bareAfter : bare && !this.#wrote) && start.startsWith("{")) {
      this.#begin("");
      return start;
    }
    const marks = this.#state === "after" ? [...this.#marks.open, ...this.#marks.close] : this.#marks.open;
    const found = firstOf(text, marks);
    if (found !== undefined) {
      const before = text.slice(0, found.at);
      if (before.trim() !== "") pieces.push(this.#content(before.trimEnd()));
      if (this.#marks.open.includes(found.mark)) this.#begin(found.mark);
      return text.slice(found.at + found.mark.length);
    }
    // White space before a call is not content, so it waits for what follows.
    const open = longestOpenEnd(text, marks);
    const sure = text.slice(0, text.length - open).trimEnd();
    this.#held = text.slice(sure.length);
    if (sure !== "") {
      pieces.push(this.#content(sure));
      this.#state = "text";
    }
    return undefined;
  }

  #content(text: string): OutputPiece {
    this.#wrote = true;
    return { kind: "content", text };
  }

  #begin(mark: string): void {
    this.#state = "call";
    this.#call = this.#readerOf(mark);
    this.#callText = mark;
    this.#isNamed = false;
  }

  #readerOf(mark: string): CallReader {
    if (DEEPSEEK_OPEN.includes(mark)) return new DeepSeekCall();
    if (mark === "<tool_call>") return new ToolCallElement(this.#format === "glm", this.#typesOf);
    if (mark === "<function=") return new TaggedCall("function", this.#typesOf);
    if (mark === "<minimax:tool_call>" || mark === "<invoke ") return new TaggedCall("invoke", this.#typesOf);
    return mark === "[TOOL_CALLS]" ? new MistralCall() : new CallObject();
  }

  #readCall(text: string, pieces: OutputPiece[]): string | undefined {
    let at = 0;
    for (const char of text) {
      at += char.length;
      if (!this.#isNamed) this.#callText += char;
      const step = this.#checked(this.#call?.push(char) ?? BROKEN);
      if (step.kind === "named") this.#name(step.name, step.args, pieces);
      else if (step.kind === "arguments")
        pieces.push({ kind: "tool-arguments", index: this.#count - 1, text: step.text });
      else if (step.kind === "done") {
        if (step.args !== "") pieces.push({ kind: "tool-arguments", index: this.#count - 1, text: step.args });
        this.#end("after");
        return text.slice(at);
      } else if (step.kind === "broken") {
        // A call that broke off after its name stays a call, as the client was told of it.
        if (!this.#isNamed) pieces.push(this.#content(this.#callText));
        this.#end("text");
        return text.slice(at);
      }
    }
    return undefined;
  }

  #checked(step: CallStep): CallStep {
    const isBare = this.#callText.startsWith("{");
    return step.kind === "named" && isBare && !this.#names.has(step.name) ? BROKEN : step;
  }

  #name(name: string, args: string, pieces: OutputPiece[]): void {
    const index = this.#count;
    this.#count += 1;
    this.#isNamed = true;
    pieces.push({ kind: "tool-call", index, id: this.#newId(), name });
    if (args !== "") pieces.push({ kind: "tool-arguments", index, text: args });
  }

  #end(state: "text" | "after"): void {
    this.#state = state;
    this.#call = undefined;
    this.#callText = "";
    this.#isNamed = false;
  }
}

function firstOf(text: string, marks: readonly string[]): { readonly at: number; readonly mark: string } | undefined {
  const found = marks.map((mark) => ({ mark, at: text.indexOf(mark) })).filter(({ at }) => at !== -1);
  return found.toSorted((a, b) => a.at - b.at)[0];
}

/** Neighbouring pieces of the same arguments are one piece: one event. */
function joined(pieces: readonly OutputPiece[]): OutputPiece[] {
  const result: OutputPiece[] = [];
  for (const piece of pieces) {
    const last = result.at(-1);
    if (piece.kind === "tool-arguments" && last?.kind === "tool-arguments" && last.index === piece.index) {
      result[result.length - 1] = { ...piece, text: last.text + piece.text };
    } else result.push(piece);
  }
  return result;
}
