import { z } from "zod";
import { MOST_PARTS, MOST_STOPS, MOST_TOOLS, messageList } from "../generating/counts.ts";
import { boundedList } from "../http/bounded-list.ts";
import { jsonSchema, toolName } from "../openai-chat/chat-schema.ts";
import { notSupported } from "../generating/sampling-fields.ts";

const textBlock = z.object({ type: z.literal("text"), text: z.string() });
const otherBlock = z.object({ type: z.string() }).refine(() => false, {
  path: ["type"],
  error: "Unsupported content block: this server takes text, thinking, tool_use and tool_result.",
});

const textOf = (blocks: readonly ({ text: string } | { type: string })[]): string =>
  blocks.map((block) => ("text" in block ? block.text : "")).join("");

/** A text, or blocks of text. */
const text = z.union([
  z.string(),
  boundedList(z.union([textBlock, otherBlock]), { most: MOST_PARTS }).transform(textOf),
]);

const toolResult = z.object({
  type: z.literal("tool_result"),
  tool_use_id: z.string(),
  content: text.nullish(),
  is_error: z.boolean().nullish(),
});

const toolUse = z.object({
  type: z.literal("tool_use"),
  id: z.string(),
  name: z.string().min(1),
  input: z.record(z.string(), z.unknown()),
});

const thinking = z.object({ type: z.literal("thinking"), thinking: z.string() });

const message = z.discriminatedUnion("role", [
  z.object({
    role: z.literal("user"),
    content: z.union([z.string(), boundedList(z.union([textBlock, toolResult, otherBlock]), { most: MOST_PARTS })]),
  }),
  z.object({
    role: z.literal("assistant"),
    content: z.union([
      z.string(),
      boundedList(z.union([textBlock, toolUse, thinking, otherBlock]), { most: MOST_PARTS }),
    ]),
  }),
]);

const tool = z.object({
  type: z.literal("custom", { error: "Unsupported tool: this server has no tools of its own." }).nullish(),
  name: toolName,
  description: z.string().nullish(),
  input_schema: z.record(z.string(), z.unknown()),
});

const toolChoice = z.discriminatedUnion("type", [
  z.strictObject({ type: z.enum(["auto", "any"]), disable_parallel_tool_use: z.boolean().nullish() }),
  z.strictObject({ type: z.literal("tool"), name: z.string(), disable_parallel_tool_use: z.boolean().nullish() }),
  z.strictObject({ type: z.literal("none") }),
]);

const thinkingMode = z.discriminatedUnion("type", [
  z.strictObject({ type: z.literal("enabled"), budget_tokens: z.int().min(1) }),
  z.strictObject({ type: z.literal("adaptive") }),
  z.strictObject({ type: z.literal("disabled") }),
]);

const outputFormat = z.strictObject({ type: z.literal("json_schema"), schema: jsonSchema });

/** What both routes need to build the prompt. */
const promptFields = {
  model: z.string().max(256),
  messages: messageList(message),
  system: text.nullish(),
  tools: boundedList(tool, { most: MOST_TOOLS }).nullish(),
  tool_choice: toolChoice.nullish(),
  thinking: thinkingMode.nullish(),
} as const;

export const countTokensRequest = z.strictObject(promptFields);

export const messagesRequest = z.strictObject({
  ...promptFields,
  max_tokens: z.int().min(1),
  stop_sequences: boundedList(z.string().min(1), { most: MOST_STOPS }).nullish(),
  stream: z.boolean().nullish(),
  temperature: z.number().min(0).max(1).nullish(),
  top_p: z.number().min(0).max(1).nullish(),
  top_k: z.int().min(0).nullish(),
  metadata: z.object({ user_id: z.string().nullish() }).nullish(),
  service_tier: z.enum(["auto", "standard_only"]).nullish(),
  output_config: z
    .strictObject({ format: outputFormat.nullish(), effort: notSupported("output_config.effort") })
    .nullish(),
  /** The name that `output_config.format` had first. */
  output_format: outputFormat.nullish(),
  container: notSupported("container"),
  context_management: notSupported("context_management"),
  mcp_servers: notSupported("mcp_servers"),
});

export type MessagesRequest = z.output<typeof messagesRequest>;
export type CountTokensRequest = z.output<typeof countTokensRequest>;
