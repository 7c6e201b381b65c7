import type { ReportedTokens } from "@drover/contract/request-report";
import type { OutputEnd, OutputPiece } from "../../generation/output/output.ts";

/** The events of a streamed message of Anthropic's API: blocks of thinking, text and calls, one after the other. */
export class MessageEvents {
  readonly #id: string;
  readonly #model: string;
  /** The block that is open, and what it is; `tool` blocks end with the call's number. */
  #open: string | undefined;
  #index = -1;

  constructor(id: string, model: string) {
    this.#id = id;
    this.#model = model;
  }

  start({ prompt, cached }: Pick<ReportedTokens, "prompt" | "cached">): string {
    const usage = messageUsage({ prompt, cached, completion: 0 });
    const empty = { content: [], stop_reason: null, stop_sequence: null };
    const message = { id: this.#id, type: "message", role: "assistant", model: this.#model, ...empty, usage };
    return event("message_start", { message });
  }

  pieces(pieces: readonly OutputPiece[]): string {
    return pieces.map((piece) => this.#piece(piece)).join("");
  }

  end(end: OutputEnd, stopReason: string): string {
    // A client that waits for text finds an empty one rather than none.
    const empty = this.#index === -1 ? this.#block("text", { type: "text", text: "" }) : "";
    const delta = { stop_reason: stopReason, stop_sequence: end.stopString ?? null };
    const usage = { output_tokens: end.tokens.completion };
    return empty + this.#close() + event("message_delta", { delta, usage }) + event("message_stop", {});
  }

  #piece(piece: OutputPiece): string {
    switch (piece.kind) {
      case "content":
        return this.#block("text", { type: "text", text: "" }) + this.#delta({ type: "text_delta", text: piece.text });
      case "reasoning":
        return (
          this.#block("thinking", { type: "thinking", thinking: "", signature: "" }) +
          this.#delta({ type: "thinking_delta", thinking: piece.text })
        );
      case "tool-call":
        return this.#block(`tool${piece.index}`, { type: "tool_use", id: piece.id, name: piece.name, input: {} });
      case "tool-arguments":
        return this.#delta({ type: "input_json_delta", partial_json: piece.text });
      default:
        return "";
    }
  }

  /** Opens a block unless it is the open one. */
  #block(kind: string, block: Readonly<Record<string, unknown>>): string {
    if (this.#open === kind) return "";
    const closed = this.#close();
    this.#open = kind;
    this.#index += 1;
    return closed + event("content_block_start", { index: this.#index, content_block: block });
  }

  #delta(delta: Readonly<Record<string, unknown>>): string {
    return event("content_block_delta", { index: this.#index, delta });
  }

  #close(): string {
    if (this.#open === undefined) return "";
    this.#open = undefined;
    return event("content_block_stop", { index: this.#index });
  }
}

/** Tokens that came from the cache are not counted as input here. */
export function messageUsage({ prompt, cached, completion }: Pick<ReportedTokens, "prompt" | "cached" | "completion">) {
  return {
    input_tokens: prompt - cached,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: cached,
    output_tokens: completion,
  };
}

function event(type: string, data: Readonly<Record<string, unknown>>): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
}
