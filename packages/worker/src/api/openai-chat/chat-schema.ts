import { z } from "zod";
import { boundedList } from "../http/bounded-list.ts";
import { MOST_CALLS, MOST_PARTS, MOST_TOOLS, messageList } from "../generating/counts.ts";
import type { ChatMessage, ToolCall, ToolDefinition } from "../../generation/prompt/chat-message.ts";
import {
  bookkeepingFields,
  generationFields,
  maxTokens,
  neutralOnly,
  notSupported,
  samplingFields,
} from "../generating/sampling-fields.ts";

const textPart = z.object({ type: z.literal("text"), text: z.string() });
const refusalPart = z.object({ type: z.literal("refusal"), refusal: z.string() });
const mediaPart = z.object({ type: z.string() }).refine(() => false, {
  path: ["type"],
  error: "Unsupported content part: this server takes parts of type text only.",
});

/** Text, or parts of which only text is supported; parts are joined. */
const textContent = z.union([
  z.string(),
  boundedList(z.union([textPart, mediaPart]), { most: MOST_PARTS }).transform((parts) =>
    parts.map((part) => ("text" in part ? part.text : "")).join(""),
  ),
]);

const assistantContent = z.union([
  z.string(),
  boundedList(z.union([textPart, refusalPart, mediaPart]), { most: MOST_PARTS }).transform((parts) =>
    parts.map((part) => ("text" in part ? part.text : "refusal" in part ? part.refusal : "")).join(""),
  ),
]);

/** OpenAI's and Anthropic's names, and the same in other scripts, as llama.cpp's server takes them. */
export const toolName = z
  .string()
  .regex(/^[\p{L}\p{M}\p{N}_.-]{1,64}$/u, "must be 1 to 64 letters of any script, digits, _, . and -");

const calledTool = z
  .object({
    id: z.string(),
    type: z.literal("function").optional(),
    function: z.object({ name: z.string().min(1), arguments: z.string() }),
  })
  .transform((call): ToolCall => ({ id: call.id, name: call.function.name, arguments: call.function.arguments }));

const name = z.string().nullish();

/** Fields that are not listed are ignored here: clients send back what earlier answers carried. */
const message = z.discriminatedUnion("role", [
  z.object({ role: z.enum(["system", "developer"]), content: textContent, name }),
  z.object({ role: z.literal("user"), content: textContent, name }),
  z.object({
    role: z.literal("assistant"),
    content: assistantContent.nullish(),
    reasoning_content: z.string().nullish(),
    tool_calls: boundedList(calledTool, { most: MOST_CALLS }).nullish(),
    function_call: notSupported("function_call"),
  }),
  z.object({ role: z.literal("tool"), content: textContent, tool_call_id: z.string() }),
]);

const tool = z
  .object({
    type: z.literal("function", { error: "Unsupported tool: this server takes tools of type function only." }),
    function: z.strictObject({
      name: toolName,
      description: z.string().nullish(),
      parameters: z.record(z.string(), z.unknown()).nullish(),
      strict: z.boolean().nullish(),
    }),
  })
  .transform(
    ({ function: { name, description, parameters } }): ToolDefinition => ({
      name,
      ...(typeof description === "string" ? { description } : {}),
      parameters: parameters ?? { type: "object", properties: {} },
    }),
  );

const toolChoice = z.union([
  z.enum(["none", "auto", "required"]),
  z.strictObject({ type: z.literal("function"), function: z.strictObject({ name: z.string() }) }),
]);

export const jsonSchema = z.union([z.record(z.string(), z.unknown()), z.boolean()]);

const responseFormat = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text") }),
  z.strictObject({ type: z.literal("json_object"), schema: jsonSchema.nullish() }),
  z.strictObject({
    type: z.literal("json_schema"),
    json_schema: z.strictObject({
      name: z.string().max(64).nullish(),
      description: z.string().nullish(),
      schema: jsonSchema.nullish(),
      strict: z.boolean().nullish(),
    }),
  }),
]);

export const chatCompletionRequest = z.strictObject({
  ...bookkeepingFields,
  ...samplingFields,
  ...generationFields,
  messages: messageList(message),
  max_tokens: maxTokens,
  max_completion_tokens: z.int().min(1).nullish(),
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  response_format: responseFormat.nullish(),
  tools: boundedList(tool, { most: MOST_TOOLS }).nullish(),
  tool_choice: toolChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  reasoning_effort: z.enum(["none", "minimal", "low", "medium", "high", "xhigh"]).nullish(),
  reasoning_format: z.enum(["auto", "deepseek", "none"]).nullish(),
  thinking_budget: z.int().min(0).nullish(),
  chat_template_kwargs: z.record(z.string(), z.unknown()).nullish(),
  modalities: z
    .array(z.literal("text", { error: "Unsupported modality: this server answers with text only." }))
    .nullish(),
  verbosity: neutralOnly("verbosity", "medium"),
  audio: notSupported("audio"),
  prediction: notSupported("prediction"),
  web_search_options: notSupported("web_search_options"),
  functions: notSupported("functions"),
  function_call: notSupported("function_call"),
  add_generation_prompt: neutralOnly("add_generation_prompt", true),
});

export type ChatCompletionRequest = z.output<typeof chatCompletionRequest>;
type MessageBody = ChatCompletionRequest["messages"][number];

export function chatMessageOf(body: MessageBody): ChatMessage {
  if (body.role === "tool") return { role: "tool", content: body.content, toolCallId: body.tool_call_id };
  if (body.role === "assistant") {
    const reasoning = typeof body.reasoning_content === "string" ? { reasoning: body.reasoning_content } : {};
    return { role: "assistant", content: body.content ?? "", toolCalls: body.tool_calls ?? [], ...reasoning };
  }
  const role = body.role === "user" ? "user" : "system";
  return { role, content: body.content, ...(typeof body.name === "string" ? { name: body.name } : {}) };
}
