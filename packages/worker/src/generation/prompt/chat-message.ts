/** A chat as every API (OpenAI's chat, responses, Anthropic's messages) hands it to generation/. Texts are not yet guarded. */

export interface ToolCall {
  readonly id: string;
  readonly name: string;
  /** JSON text. */
  readonly arguments: string;
}

export type ChatMessage =
  | { readonly role: "system" | "user"; readonly content: string; readonly name?: string }
  | {
      readonly role: "assistant";
      readonly content: string;
      readonly reasoning?: string;
      readonly toolCalls: readonly ToolCall[];
    }
  | { readonly role: "tool"; readonly content: string; readonly toolCallId: string };

export interface ToolDefinition {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the arguments, an object. */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** A schema that a grammar can't say is refused rather than relaxed. @default false */
  readonly strict?: boolean;
  /** What the schema is called in the request. @default as OpenAI's chat has it */
  readonly param?: string;
}
