import { z } from "zod";
import { MOST_PARTS, MOST_TOOLS, messageList } from "../generating/counts.ts";
import { boundedList } from "../http/bounded-list.ts";
import { jsonSchema, toolName } from "../openai-chat/chat-schema.ts";
import { bookkeepingFields, neutralOnly, notSupported, samplingFields } from "../generating/sampling-fields.ts";

const textPart = z.object({ type: z.enum(["input_text", "output_text", "text"]), text: z.string() });
const refusalPart = z.object({ type: z.literal("refusal"), refusal: z.string() });
const otherPart = z
  .object({ type: z.string() })
  .refine(() => false, { path: ["type"], error: "Unsupported content part: this server takes text only." });

const text = z.union([
  z.string(),
  boundedList(z.union([textPart, refusalPart, otherPart]), { most: MOST_PARTS }).transform((parts) =>
    parts.map((part) => ("text" in part ? part.text : "refusal" in part ? part.refusal : "")).join(""),
  ),
]);

const messageItem = z.object({
  type: z.literal("message").optional(),
  role: z.enum(["user", "assistant", "system", "developer"]),
  content: text,
});
const callItem = z.object({
  type: z.literal("function_call"),
  call_id: z.string(),
  name: z.string().min(1),
  arguments: z.string(),
});
const resultItem = z.object({ type: z.literal("function_call_output"), call_id: z.string(), output: text });
const reasoningItem = z.object({
  type: z.literal("reasoning"),
  content: boundedList(z.object({ type: z.literal("reasoning_text"), text: z.string() }), {
    most: MOST_PARTS,
  }).nullish(),
});

const tool = z.strictObject({
  type: z.literal("function", { error: "Unsupported tool: this server takes tools of type function only." }),
  name: toolName,
  description: z.string().nullish(),
  parameters: z.record(z.string(), z.unknown()).nullish(),
  strict: z.boolean().nullish(),
});

const textFormat = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text") }),
  z.strictObject({ type: z.literal("json_object") }),
  z.strictObject({
    type: z.literal("json_schema"),
    name: z.string().max(64),
    schema: jsonSchema,
    description: z.string().nullish(),
    strict: z.boolean().nullish(),
  }),
]);

/**
 * More fields of items that an answer of this server never has (calls of hosted tools, images), or has anyway (reasoning, which is sent as it is and
 * needs no encrypted copy): asking for them changes nothing.
 */
const INCLUDED = [
  "code_interpreter_call.outputs",
  "computer_call_output.output.image_url",
  "file_search_call.results",
  "message.input_image.image_url",
  "reasoning.encrypted_content",
  "web_search_call.action.sources",
  "web_search_call.results",
] as const;

function notIncluded({ input }: { readonly input?: unknown }): string {
  return `Unsupported: ${JSON.stringify(input)} can't be included. This server takes: ${INCLUDED.join(", ")}.`;
}

export const responsesRequest = z.strictObject({
  ...bookkeepingFields,
  // Nothing is ever stored: `store` is answered with false.
  store: z.boolean().nullish(),
  input: z.union([z.string(), messageList(z.union([messageItem, callItem, resultItem, reasoningItem]))]),
  instructions: z.string().nullish(),
  max_output_tokens: z.int().min(1).nullish(),
  temperature: samplingFields.temperature,
  top_p: samplingFields.top_p,
  top_k: samplingFields.top_k,
  min_p: samplingFields.min_p,
  seed: samplingFields.seed,
  stream: z.boolean().nullish(),
  stream_options: z.strictObject({ include_obfuscation: z.boolean().nullish() }).nullish(),
  tools: boundedList(tool, { most: MOST_TOOLS }).nullish(),
  tool_choice: z
    .union([z.enum(["none", "auto", "required"]), z.strictObject({ type: z.literal("function"), name: z.string() })])
    .nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  text: z.strictObject({ format: textFormat.nullish(), verbosity: neutralOnly("text.verbosity", "medium") }).nullish(),
  reasoning: z
    .strictObject({
      effort: z.enum(["none", "minimal", "low", "medium", "high", "xhigh"]).nullish(),
      summary: z.enum(["auto", "concise", "detailed"]).nullish(),
      generate_summary: notSupported("reasoning.generate_summary"),
    })
    .nullish(),
  truncation: neutralOnly("truncation", "disabled"),
  background: neutralOnly("background", false),
  include: boundedList(z.enum(INCLUDED, { error: notIncluded }), { most: MOST_PARTS }).nullish(),
  previous_response_id: notSupported("previous_response_id"),
  conversation: notSupported("conversation"),
  prompt: notSupported("prompt"),
  top_logprobs: neutralOnly("top_logprobs", 0),
  max_tool_calls: notSupported("max_tool_calls"),
});

export type ResponsesRequest = z.output<typeof responsesRequest>;
