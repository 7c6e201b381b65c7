import { thinkingFields } from "../generating/thinking.ts";
import { z } from "zod";
import { boundedList } from "../http/bounded-list.ts";
import { anyObject, jsonText, refusedType } from "../http/plain-values.ts";
import { hint } from "../http/ignored-parameters.ts";
import { toolOf } from "../generating/tool-choice.ts";
import { MOST_CALLS, MOST_PARTS, MOST_TOOLS, messageList } from "../generating/list-limits.ts";
import type { ChatMessage, ToolCall } from "../../generation/prompt/chat-message.ts";
import {
  bookkeepingFields,
  generationFields,
  maxTokens,
  neutralOnly,
  notSupported,
  samplingFields,
} from "../generating/sampling-fields.ts";

/** The other two are parts of the responses API, which some clients send here too. */
const textPart = z.object({ type: z.enum(["text", "input_text", "output_text"]), text: z.string() });
export const refusalPart = z.object({ type: z.literal("refusal"), refusal: z.string() });
/** What a model thought earlier, as clients of several APIs at once keep it: templates leave it out. */
const thoughtPart = z.object({ type: z.enum(["thinking", "reasoning", "redacted_thinking"]) });
const mediaPart = z
  .object({ type: z.string() })
  .refine(() => false, refusedType("Unsupported content part: this server takes parts of type text only."));

/** Text, or parts, of which those with a text are joined. */
export function textOrParts(part: z.ZodType<Part>) {
  const parts = boundedList(part, { most: MOST_PARTS });
  return z.union([
    z.string(),
    parts.transform((all) => all.map(({ text, refusal }) => text ?? refusal ?? "").join("")),
  ]);
}

interface Part {
  readonly type: string;
  readonly text?: string;
  readonly refusal?: string;
}

const textContent = textOrParts(z.union([textPart, mediaPart]));

/** Some clients have null for an empty message, which llama.cpp's server takes. */
const saidContent = textContent.nullable().transform((text) => text ?? "");

const assistantContent = textOrParts(z.union([textPart, refusalPart, thoughtPart, mediaPart]));

/** OpenAI's and Anthropic's names, and the same in other scripts, as llama.cpp's server takes them; Claude Code's have over 64 characters. */
export const toolName = z
  .string()
  .regex(/^[\p{L}\p{M}\p{N}_.:/-]{1,256}$/u, "must be 1 to 256 letters of any script, digits, _ . : / and -");

const calledFunction = z.object({
  name: z.string().min(1),
  // Clients of Ollama have them as an object.
  arguments: z
    .union([z.string(), anyObject.transform(jsonText)])
    .nullish()
    .transform((args) => args ?? ""),
});

const calledTool = z
  .object({ id: z.string().nullish(), type: z.literal("function").optional(), function: calledFunction })
  .transform((call): ToolCall => ({ ...call.function, id: call.id ?? "" }));

/** Of a tool that takes a text rather than arguments: such tools are left out, but an earlier turn may have had one. */
const customCall = z
  .object({
    id: z.string().nullish(),
    type: z.literal("custom"),
    custom: z.object({ name: z.string().min(1), input: z.string() }),
  })
  .transform(({ id, custom }) => textCall(id ?? "", custom));

/** What is long is written in slices. */
function textCall(id: string, { name, input }: { readonly name: string; readonly input: string }) {
  const callOf = (args: string): ToolCall => ({ id, name, arguments: args });
  const text = jsonText({ input });
  return typeof text === "string" ? callOf(text) : text.then(callOf);
}

const name = z.string().nullish();

const toolResult = { content: textContent.nullish(), tool_call_id: z.string().nullish(), name } as const;

/** Fields that are not listed are ignored here: clients send back what earlier responses carried. */
const message = z.discriminatedUnion("role", [
  z.object({ role: z.enum(["system", "developer"]), content: saidContent, name }),
  z.object({ role: z.literal("user"), content: saidContent, name }),
  z.object({
    role: z.literal("assistant"),
    content: assistantContent.nullish(),
    reasoning_content: z.string().nullish(),
    tool_calls: boundedList(z.union([calledTool, customCall]), { most: MOST_CALLS }).nullish(),
    /** What `tool_calls` was before there were several. */
    function_call: calledFunction.nullish(),
  }),
  z.object({ role: z.literal("tool"), ...toolResult }),
  z.object({ role: z.literal("function"), ...toolResult }),
]);

/** What every API says of a tool beside its parameters. */
export const toolFields = { name: toolName, description: z.string().nullish(), strict: z.boolean().nullish() } as const;

const functionFields = z.object({ ...toolFields, parameters: anyObject.nullish() }).transform((tool) => toolOf(tool));

/** In the form of the responses API, which some clients send here too, all fields stand beside the type. */
const functionTool = z.preprocess(
  nested,
  z.object({ type: z.literal("function"), function: functionFields }).transform((tool) => tool.function),
);

function nested(value: unknown): unknown {
  if (typeof value !== "object" || value === null || !("type" in value) || value.type !== "function") return value;
  return "name" in value && !("function" in value) ? { type: "function", function: value } : value;
}

/** A tool of the server's own, such as a web search, which has another type: there is none here, so that it is left out. */
export function foreignTool(clientsType: string) {
  return z
    .object({ type: z.string().refine((type) => type !== clientsType) })
    .transform(({ type }): { readonly foreign: string } => ({ foreign: type }));
}

const tool = z.union([functionTool, foreignTool("function")]);

const namedFunction = z.preprocess(
  nested,
  z.object({ type: z.literal("function"), function: z.object({ name: z.string() }) }),
);

const toolChoice = z.union([
  z.enum(["none", "auto", "required", "any"]),
  namedFunction,
  z.object({
    type: z.literal("allowed_tools"),
    allowed_tools: z.object({
      mode: z.enum(["auto", "required"]),
      tools: boundedList(namedFunction, { most: MOST_TOOLS }),
    }),
  }),
]);

export const jsonSchema = z.union([anyObject, z.boolean()]);

export const grammarText = z.string().max(64 * 1024);

/** What OpenAI's APIs say of a schema beside itself. */
export const schemaFields = {
  name: z.string().nullish(),
  description: z.string().nullish(),
  strict: z.boolean().nullish(),
} as const;

const formats = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("text") }),
  z.strictObject({ type: z.literal("json_object"), schema: jsonSchema.nullish() }),
  z.strictObject({
    type: z.literal("json_schema"),
    /** As llama.cpp's server has it. */
    schema: jsonSchema.nullish(),
    json_schema: z.strictObject({ ...schemaFields, schema: jsonSchema.nullish() }).nullish(),
  }),
]);

/** An empty one asks for nothing. */
const responseFormat = z.preprocess(
  (format) =>
    typeof format === "object" && format !== null && Object.keys(format).length === 0 ? { type: "text" } : format,
  formats,
);

/** What a response must keep to, by the names of several servers. */
export const formatFields = {
  response_format: responseFormat.nullish(),
  json_schema: jsonSchema.nullish(),
  grammar: grammarText.nullish(),
  guided_json: jsonSchema.nullish(),
  guided_choice: notSupported("guided_choice"),
  guided_regex: notSupported("guided_regex"),
  guided_grammar: notSupported("guided_grammar"),
  structured_outputs: z
    .strictObject(
      { json: jsonSchema },
      "Unsupported parameter: 'structured_outputs'. This server takes its 'json' only.",
    )
    .nullish(),
} as const;

export const chatCompletionRequest = z.strictObject({
  ...bookkeepingFields,
  ...samplingFields,
  ...generationFields,
  messages: messageList(message),
  max_tokens: maxTokens,
  max_completion_tokens: maxTokens,
  logprobs: z.boolean().nullish(),
  top_logprobs: z.int().min(0).max(20).nullish(),
  ...formatFields,
  tools: boundedList(tool, { most: MOST_TOOLS }).nullish(),
  tool_choice: toolChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  ...thinkingFields,
  reasoning_format: z.enum(["auto", "deepseek", "deepseek-legacy", "none"]).nullish(),
  chat_template_kwargs: anyObject.nullish(),
  n_predict: maxTokens,
  n_probs: z.int().min(0).max(20).nullish(),
  modalities: boundedList(z.literal("text", { error: "Unsupported modality: this server responds with text only." }), {
    most: 8,
  }).nullish(),
  verbosity: hint("medium"),
  audio: notSupported("audio"),
  prediction: hint(),
  web_search_options: hint(),
  functions: z.tuple([], "Unsupported parameter: 'functions'. Send 'tools' instead.").nullish(),
  function_call: neutralOnly("function_call", "none", "auto"),
  /** Both as vLLM has them: the last message is a response's beginning, and the model goes on writing it. */
  continue_final_message: z.boolean().nullish(),
  add_generation_prompt: z.boolean().nullish(),
});

export type ChatCompletionRequest = z.output<typeof chatCompletionRequest>;
type MessageBody = ChatCompletionRequest["messages"][number];

export function chatMessageOf(body: MessageBody): ChatMessage {
  if (body.role === "tool" || body.role === "function")
    return { role: "tool", content: body.content ?? "", toolCallId: body.tool_call_id ?? "" };
  if (body.role === "assistant") {
    const reasoning = typeof body.reasoning_content === "string" ? { reasoning: body.reasoning_content } : {};
    const one = body.function_call ? [{ ...body.function_call, id: "" }] : [];
    return { role: "assistant", content: body.content ?? "", toolCalls: body.tool_calls ?? one, ...reasoning };
  }
  const role = body.role === "user" ? "user" : "system";
  return { role, content: body.content, ...(typeof body.name === "string" ? { name: body.name } : {}) };
}
