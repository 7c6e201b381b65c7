import { jsonOf } from "@drover/foundation/json-text";
import type { ChatJob } from "../../generation/chat-request.ts";
import type { ToolCall } from "../../generation/prompt/chat-message.ts";
import type { OutputEnd, OutputPiece } from "../../generation/output/output.ts";
import type { GeneratedToken } from "../../generation-contract.ts";
import type { Serving } from "../serving.ts";
import { chatLogprobs } from "../generating/token-logprobs.ts";

/** Gathers a response that is sent in one piece. */
export class ChatMessageBuilder {
  readonly #serving: Serving;
  readonly #withLogprobs: boolean;
  readonly #tokens: GeneratedToken[] = [];
  readonly toolCalls: ToolCall[] = [];
  content = "";
  reasoning = "";

  constructor(serving: Serving, job: ChatJob) {
    this.#serving = serving;
    this.#withLogprobs = job.topLogprobs !== undefined;
  }

  add(pieces: readonly OutputPiece[], tokens: readonly GeneratedToken[]): void {
    if (this.#withLogprobs) this.#tokens.push(...tokens);
    for (const piece of pieces) this.#addPiece(piece);
  }

  /** An element of `choices`, without its index. */
  choice(end: OutputEnd) {
    const calls = this.toolCalls.map(({ id, name, arguments: args }) => ({
      id,
      type: "function",
      function: { name, arguments: args },
    }));
    return {
      message: {
        role: "assistant",
        content: this.content === "" && calls.length > 0 ? null : this.content,
        refusal: null,
        ...(this.reasoning === "" ? {} : { reasoning_content: this.reasoning }),
        ...(calls.length === 0 ? {} : { tool_calls: calls }),
      },
      logprobs: this.#withLogprobs
        ? { content: chatLogprobs(this.#serving.vocabulary, this.#tokens), refusal: null }
        : null,
      finish_reason: end.finish,
    };
  }

  #addPiece(piece: OutputPiece): void {
    if (piece.kind === "content") this.content += piece.text;
    else if (piece.kind === "reasoning") this.reasoning += piece.text;
    else if (piece.kind === "tool-call")
      this.toolCalls[piece.index] = { id: piece.id, name: piece.name, arguments: "" };
    else {
      const call = this.toolCalls[piece.index];
      if (call !== undefined) this.toolCalls[piece.index] = { ...call, arguments: call.arguments + piece.text };
    }
  }
}

/** Arguments of a tool's call as a value. Those that a length limit cut off are no JSON. */
export function argumentsOf(text: string): unknown {
  return jsonOf(text) ?? {};
}
