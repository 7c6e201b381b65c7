import { longestOpenEnd } from "./stop-matcher.ts";

const CHANNEL = "<|channel|>";
const MESSAGE = "<|message|>";
/** What may stand behind a message. */
const ENDS = ["<|end|>", "<|return|>", "<|call|>", "<|start|>", CHANNEL];

/** What Drover writes to end thinking, and to continue with the response. */
export const HARMONY_FINAL = "<|start|>assistant<|channel|>final<|message|>";

type Body = "thinking" | "call" | "content";

/**
 * Writes gpt-oss's messages (OpenAI's harmony format) as other models write theirs, so that the same code reads both: the channel `analysis` as
 * thinking between `<think>` tags, a message to a function as a `<tool_call>`, and every other message as its text.
 */
export class HarmonyText {
  #held = "";
  /** Undefined: between messages, where only their heads are. */
  #body: Body | undefined;

  /** `isFinal`: the prompt's end has begun the final message already. */
  constructor(isFinal: boolean) {
    this.#body = isFinal ? "content" : undefined;
  }

  push(text: string): string {
    let written = "";
    this.#held += text;
    for (;;) {
      const step = this.#body === undefined ? this.#head() : this.#message(this.#body);
      written += step.text;
      if (!step.goesOn) return written;
    }
  }

  /** The end of the generation: a call ends with a token that has no text. */
  flush(): string {
    const text = this.#body === undefined ? "" : this.#held + endOf(this.#body);
    this.#held = "";
    this.#body = undefined;
    return text;
  }

  /** Reads up to the text of the next message. */
  #head(): Step {
    const end = this.#held.indexOf(MESSAGE);
    if (end < 0) return { text: "", goesOn: false };
    const head = this.#held.slice(0, end);
    this.#held = this.#held.slice(end + MESSAGE.length);
    const [, name] = /\bto=(?:functions\.)?([^\s<]+)/u.exec(head) ?? [];
    this.#body = name === undefined ? (/<\|channel\|>\s*analysis/u.test(head) ? "thinking" : "content") : "call";
    return { text: name === undefined ? beginOf(this.#body) : callHead(name), goesOn: true };
  }

  #message(body: Body): Step {
    const found = ENDS.map((mark) => ({ mark, at: this.#held.indexOf(mark) })).filter(({ at }) => at >= 0);
    const [first] = found.toSorted((one, other) => one.at - other.at);
    if (first === undefined) {
      const open = longestOpenEnd(this.#held, ENDS);
      const text = this.#held.slice(0, this.#held.length - open);
      this.#held = this.#held.slice(text.length);
      return { text, goesOn: false };
    }
    const text = this.#held.slice(0, first.at) + endOf(body);
    // A new head begins with the mark itself.
    this.#held = this.#held.slice(first.at + (first.mark === CHANNEL ? 0 : first.mark.length));
    this.#body = undefined;
    return { text, goesOn: true };
  }
}

interface Step {
  readonly text: string;
  /** More may be read at once. */
  readonly goesOn: boolean;
}

function beginOf(body: Body): string {
  return body === "thinking" ? "<think>" : "";
}

function callHead(name: string): string {
  return `<tool_call>\n{"name": ${JSON.stringify(name)}, "arguments": `;
}

function endOf(body: Body): string {
  if (body === "call") return "}\n</tool_call>\n";
  return body === "thinking" ? "</think>" : "";
}
