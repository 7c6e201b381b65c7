import { z } from "zod";
import { MOST_PARTS, MOST_TOOLS, messageList, stopTexts } from "../generating/list-limits.ts";
import { samplingFields } from "../generating/sampling-fields.ts";
import { effort } from "../generating/thinking.ts";
import { boundedList } from "../http/bounded-list.ts";
import { anyObject, jsonText, refusedType } from "../http/plain-values.ts";
import { hint } from "../http/ignored-parameters.ts";
import { foreignTool, jsonSchema, toolFields } from "../openai-chat/chat-schema.ts";

/** Fields that are not listed are ignored in blocks and tools: `cache_control`, `citations`, `caller` and what comes after them. */
const textBlock = z.object({ type: z.literal("text"), text: z.string() });

/** Of a document only its text can be read. */
const documentBlock = z.object({
  type: z.literal("document"),
  title: z.string().nullish(),
  context: z.string().nullish(),
  source: z.discriminatedUnion(
    "type",
    [
      z.object({ type: z.literal("text"), data: z.string() }),
      z.object({
        type: z.literal("content"),
        content: z.union([z.string(), boundedList(textBlock, { most: MOST_PARTS })]),
      }),
    ],
    { error: "Unsupported document: this server reads documents of type text and content only." },
  ),
});

const searchResult = z.object({
  type: z.literal("search_result"),
  title: z.string().nullish(),
  content: boundedList(textBlock, { most: MOST_PARTS }),
});

/** A tool that a search for tools found, by its name. */
const toolReference = z.object({ type: z.literal("tool_reference"), tool_name: z.string() });

/** Of the server's own tools, and thinking that only the server could read: nothing of it is for the model. */
const FORGOTTEN = [
  "redacted_thinking",
  "server_tool_use",
  "advisor_tool_result",
  "web_search_tool_result",
  "web_fetch_tool_result",
  "code_execution_tool_result",
  "bash_code_execution_tool_result",
  "text_editor_code_execution_tool_result",
  "tool_search_tool_result",
  "mcp_tool_listing",
  "mcp_tool_use",
  "mcp_tool_result",
  "container_upload",
  "fallback",
] as const;

const forgottenBlock = z.object({ type: z.enum(FORGOTTEN) });

const REFUSAL = refusedType("Unsupported content block: this server is text only.");

const otherBlock = z.object({ type: z.string() }).refine(() => false, REFUSAL);

const readable = [textBlock, documentBlock, searchResult, toolReference] as const;
type Readable = z.output<(typeof readable)[number]>;

/** The text of a block that has one. */
export function textOfBlock(block: Readable | { readonly type: "new" }): string {
  if (block.type === "text") return block.text;
  if (block.type === "tool_reference") return block.tool_name;
  if (block.type === "search_result") return [block.title ?? "", ...block.content.map(({ text }) => text)].join("\n");
  if (block.type !== "document") return "";
  const { source, title, context } = block;
  const body = source.type === "text" ? source.data : textOfContent(source.content);
  return [title, context, body].filter((part) => typeof part === "string" && part !== "").join("\n");
}

function textOfContent(content: string | readonly { readonly text: string }[]): string {
  return typeof content === "string" ? content : content.map(({ text }) => text).join("");
}

/** The line by which Claude Code tells Anthropic who pays. It changes with each request, and nothing behind it could be kept. */
const BILLING_LINE = /^x-anthropic-billing-header:[^\n]*\n*/u;

/** A text, or blocks with text. */
const text = z.union([
  z.string(),
  boundedList(z.union([...readable, forgottenBlock, otherBlock]), { most: MOST_PARTS }).transform((blocks) =>
    blocks.map((block) => textOfBlock(block as Readable)).join(""),
  ),
]);

const systemText = z.union([
  z.string().transform((given) => given.replace(BILLING_LINE, "")),
  boundedList(z.union([textBlock, otherBlock]), { most: MOST_PARTS }).transform(textOfSystem),
]);

/** The text of a system message's blocks. */
export function textOfSystem(blocks: readonly ({ readonly text: string } | { readonly type: string })[]): string {
  return blocks
    .map((block) => ("text" in block ? block.text.replace(BILLING_LINE, "") : ""))
    .filter((part) => part !== "")
    .join("\n");
}

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
  input: anyObject.transform(jsonText),
});

/** What stands for all that came before it. */
const compactionBlock = z.object({ type: z.literal("compaction"), content: z.string().nullish() });
const compaction = compactionBlock.transform(({ content }) => ({ type: "text" as const, text: content ?? "" }));

const thinking = z.object({ type: z.literal("thinking"), thinking: z.string() });

const KNOWN: ReadonlySet<string> = new Set([
  ...FORGOTTEN,
  ...[...readable, toolResult, toolUse, compactionBlock, thinking].map(({ shape }) => shape.type.value),
]);

const MEDIA = /image|audio|video|file/u;

/** Of a type that Anthropic's API has had since: it is left out, and named. What brings a picture, a sound or a file is refused: it is what the user says. */
const newBlock = z
  .looseObject({ type: z.string() })
  .refine((block) => !KNOWN.has(block.type) && !MEDIA.test(block.type) && !("source" in block), REFUSAL)
  .transform(() => ({ type: "new" as const }));

const message = z.discriminatedUnion("role", [
  z.object({
    role: z.literal("user"),
    content: z.union([
      z.string(),
      boundedList(z.union([...readable, toolResult, forgottenBlock, newBlock]), { most: MOST_PARTS }),
    ]),
  }),
  z.object({
    role: z.literal("assistant"),
    content: z.union([
      z.string(),
      boundedList(z.union([textBlock, toolUse, thinking, compaction, forgottenBlock, newBlock]), {
        most: MOST_PARTS,
      }),
    ]),
  }),
  z.object({
    role: z.literal("system"),
    content: z.union([z.string(), boundedList(z.union([textBlock, newBlock]), { most: MOST_PARTS })]).nullish(),
    clear_at: z.string().nullish(),
  }),
]);

const customTool = z.object({ type: z.literal("custom").nullish(), ...toolFields, input_schema: anyObject });

const toolChoice = z.discriminatedUnion("type", [
  z.object({ type: z.enum(["auto", "any"]), disable_parallel_tool_use: z.boolean().nullish() }),
  z.object({ type: z.literal("tool"), name: z.string(), disable_parallel_tool_use: z.boolean().nullish() }),
  z.object({ type: z.literal("none") }),
]);

const thinkingMode = z.discriminatedUnion("type", [
  // Servers that follow Anthropic's take it without a budget.
  z.object({ type: z.literal("enabled"), budget_tokens: z.int().min(0).nullish() }),
  z.object({ type: z.enum(["adaptive", "auto"]) }),
  z.object({ type: z.literal("between_tools") }),
  z.object({ type: z.literal("disabled") }),
]);

const outputFormat = z.object({ type: z.literal("json_schema"), schema: jsonSchema });

/** One schema for both routes: clients count what they would send. */
const fields = {
  model: z.string().nullish(),
  messages: messageList(message),
  system: systemText.nullish(),
  tools: boundedList(z.union([customTool, foreignTool("custom")]), { most: MOST_TOOLS }).nullish(),
  tool_choice: toolChoice.nullish(),
  thinking: thinkingMode.nullish(),
  stop_sequences: stopTexts.nullish(),
  stream: z.boolean().nullish(),
  temperature: samplingFields.temperature,
  top_p: z.number().min(0).max(1).nullish(),
  top_k: samplingFields.top_k,
  metadata: z.unknown().optional(),
  service_tier: hint("auto", "standard_only"),
  output_config: z.strictObject({ format: outputFormat.nullish(), effort: effort.nullish() }).nullish(),
  /** The name that `output_config.format` had first. */
  output_format: outputFormat.nullish(),
  cache_control: z.unknown().optional(),
  container: hint(),
  context_management: hint(),
  mcp_servers: hint([]),
  thread: z.null({ error: "Unsupported parameter: 'thread'. This server keeps no messages." }).optional(),
} as const;

export const countTokensRequest = z.strictObject({ ...fields, max_tokens: z.int().min(0).nullish() });

/** With 0 the prompt is read alone, so that the next request finds it. */
export const messagesRequest = z.strictObject({ ...fields, max_tokens: z.int().min(0) });

export type CountTokensRequest = z.output<typeof countTokensRequest>;
