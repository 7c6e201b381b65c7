import type { GeneratedToken } from "../../generation-contract.ts";
import type { HarmonyText } from "./harmony-text.ts";
import type { OutputPiece } from "./output.ts";
import { type ReasoningStart, ReasoningSplitter } from "./reasoning.ts";
import { StopMatcher } from "./stop-matcher.ts";
import { TextAssembler } from "./text-assembler.ts";
import type { ToolCallParser } from "./tool-calls.ts";

export interface OutputParserOptions {
  readonly reasoning: ReasoningStart;
  readonly stops: readonly string[];
  /** Absent: the text is only content. */
  readonly toolCalls?: ToolCallParser | undefined;
  /** Reads what the model writes in another form first. */
  readonly harmony?: HarmonyText | undefined;
  readonly keepTokens: boolean;
  /** Remember the content, so that it can be completed. */
  readonly keepContent: boolean;
}

export interface ParsedStep {
  readonly pieces: readonly OutputPiece[];
  /** Tokens whose text went out with these pieces; kept only where `keepTokens`. */
  readonly tokens: readonly GeneratedToken[];
  /** The stop string that was met: the response ends here. */
  readonly stopped?: string;
}

/** Bytes of tokens to pieces of a response: characters, then reasoning and content, then stop strings, then tool calls. Its options are fields: read for each token, they are quicker so. */
export class OutputParser {
  readonly #assembler = new TextAssembler();
  readonly #harmony: HarmonyText | undefined;
  readonly #splitter: ReasoningSplitter;
  readonly #stops: StopMatcher;
  readonly #toolCalls: ToolCallParser | undefined;
  readonly #keepTokens: boolean;
  readonly #keepContent: boolean;
  #content = "";
  #pending: { readonly token: GeneratedToken; readonly end: number }[] = [];
  /** Characters that came in so far. */
  #length = 0;

  constructor(options: OutputParserOptions) {
    this.#splitter = new ReasoningSplitter(options.reasoning);
    this.#harmony = options.harmony;
    this.#stops = new StopMatcher(options.stops);
    this.#toolCalls = options.toolCalls;
    this.#keepTokens = options.keepTokens;
    this.#keepContent = options.keepContent;
  }

  get isReasoning(): boolean {
    return this.#splitter.isInside;
  }

  /** The text of a call of a tool that has begun and has no name yet. */
  get openingCall(): string | undefined {
    return this.#toolCalls?.opening;
  }

  get calledTools(): boolean {
    return this.#toolCalls?.called ?? false;
  }

  push(token: GeneratedToken, bytes: Uint8Array): ParsedStep {
    const text = this.#plain(this.#assembler.push(bytes));
    const before = this.#length - this.#heldLength();
    this.#length += text.length;
    const wasInside = this.#splitter.isInside;
    const split = this.#splitter.push(text);
    // A token of a thinking part, its tags included, is none of the content's.
    const ofContent = !wasInside && !this.#splitter.isInside;
    if (this.#keepTokens && ofContent) this.#pending.push({ token, end: this.#length });
    if (this.#keepContent) this.#content += split.content;
    const match = this.#stops.push(split.content);
    const pieces = this.#pieces(split.reasoning, match.text);
    if (match.stopped === undefined) return { pieces, tokens: this.#release(this.#length - this.#heldLength()) };
    const rest = this.#toolCalls?.flush() ?? [];
    const tokens = this.#release(before + match.text.length);
    this.#pending = [];
    return { pieces: [...pieces, ...rest], tokens, stopped: match.stopped };
  }

  /** Text that Drover put in by itself, such as the end of a thinking part whose budget was used up. */
  inject(text: string): void {
    this.#splitter.push(this.#plain(text));
  }

  #plain(text: string): string {
    return this.#harmony?.push(text) ?? text;
  }

  /** Ends a content that was cut off with the text that completes it. A character that is not complete is left out. */
  complete(completion: (content: string) => string | undefined): ParsedStep {
    const held = this.#splitter.flush().content;
    const rest = completion(this.#content + held);
    if (rest === undefined) return this.flush();
    const text = this.#stops.flush() + held + rest;
    return {
      pieces: [...this.#pieces("", text), ...(this.#toolCalls?.flush() ?? [])],
      tokens: this.#release(this.#length),
    };
  }

  /** What was held back, at the end of a generation that met no stop string. */
  flush(): ParsedStep {
    const text = this.#plain(this.#assembler.flush()) + (this.#harmony?.flush() ?? "");
    const split = this.#splitter.push(text);
    const rest = this.#splitter.flush();
    const match = this.#stops.push(split.content + rest.content);
    const content = match.stopped === undefined ? match.text + this.#stops.flush() : match.text;
    const pieces = [...this.#pieces(split.reasoning + rest.reasoning, content), ...(this.#toolCalls?.flush() ?? [])];
    return { pieces, tokens: this.#release(this.#length + text.length) };
  }

  #heldLength(): number {
    return this.#splitter.heldLength + this.#stops.heldLength + (this.#toolCalls?.heldLength ?? 0);
  }

  #pieces(reasoning: string, content: string): OutputPiece[] {
    const pieces: OutputPiece[] = reasoning === "" ? [] : [{ kind: "reasoning", text: reasoning }];
    if (content === "") return pieces;
    if (this.#toolCalls !== undefined) return [...pieces, ...this.#toolCalls.push(content)];
    return [...pieces, { kind: "content", text: content }];
  }

  #release(upTo: number): GeneratedToken[] {
    if (this.#pending.length === 0) return [];
    const held = this.#pending.findIndex((entry) => entry.end > upTo);
    const ready = held === -1 ? this.#pending : this.#pending.slice(0, held);
    this.#pending = held === -1 ? [] : this.#pending.slice(held);
    return ready.map((entry) => entry.token);
  }
}
